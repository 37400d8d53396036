"""Each line of the checklist of Conversations has a test that names it, and tests name no other line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECKLIST = ROOT / "docs/reference/protocol/checklist.md"

lines = re.compile(r"^\| (C-\d{3}) \| \S", re.MULTILINE).findall
numbers = re.compile(r"\bC-\d{3}\b").findall


def test_each_line_is_held_by_a_test() -> None:
    listed = lines(CHECKLIST.read_text())
    assert listed == sorted(set(listed))
    assert sorted(set(named())) == listed


def named() -> Iterator[str]:
    """The numbers in the docstrings of all tests."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield from numbers(ast.get_docstring(node) or "")
