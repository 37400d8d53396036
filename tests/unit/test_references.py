"""What texts refer to is there: pages, headings, and no section of a page by its number."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT / "docs/reference/protocol"
FOLDERS = ("src", "tests", "docs", "bench", "examples")
SUFFIXES = frozenset((".css", ".html", ".js", ".json", ".md", ".mjs", ".py", ".sql"))

links = re.compile(r"\]\(([^)\s]+)\)").findall
code_blocks = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
headings = re.compile(r"^#+ (.+)$", re.MULTILINE).findall
pages = re.compile(r"(?<![\w%./-])[\w./-]*\w\.md\b").findall
numbered = re.compile(r"\w+\.md`?,? (?:section )?\d[\d.]*").findall
by_heading = re.compile(r"protocol/(\w+\.md)`?, (?=[A-Z])")
line_break = re.compile(r"\s*\n\s*(?:#|--|//)?\s*")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("`docs/reference/protocol/sync.md`", None),
        ("`protocol/sync.md`, Replay", None),
        ("see `protocol/sync.md`,\n    # Replay.", None),
        ("`sync.md` 3.6", "sync.md` 3.6"),
        ("architecture.md", "architecture.md"),
        ("`protocol/sync.md`, Chapters", "protocol/sync.md, Chapters"),
        ("[text](docs/howto/nowhere.md)", "docs/howto/nowhere.md"),
        ("[text](docs/reference/protocol/sync.md#replay)", None),
        ("[text](docs/reference/protocol/sync.md#chapters)", "docs/reference/protocol/sync.md#chapters"),
    ],
)
def test_fault_is_found(text: str, fault: str | None):
    assert list(faults(ROOT / "README.md", text)) == [fault] * (fault is not None)


def test_every_reference_leads_somewhere():
    found = [
        f"{path.relative_to(ROOT)}: {fault}"
        for path in texts()
        if path != Path(__file__)
        for fault in faults(path, path.read_text())
    ]
    assert found == []


def faults(path: Path, text: str) -> Iterator[str]:
    """The references in the text of this file that lead nowhere."""
    if path.suffix == ".md":
        for link in links(code_blocks.sub("", text)):
            if "://" not in link and not leads_somewhere(path, link):
                yield link
    plain = line_break.sub(" ", text)
    yield from numbered(plain)
    for name in pages(re.sub(r"\]\([^)]*\)|\w+://\S+", "", text)):
        if not is_page(path, name):
            yield name
    for place in by_heading.finditer(plain):
        rest = plain[place.end() :]
        if not any(re.match(rf"{re.escape(name)}\b", rest) for name in headings_of(PROTOCOL / place[1])):
            yield f"protocol/{place[1]}, {re.split('[`.)]', rest)[0]}"


def leads_somewhere(path: Path, link: str) -> bool:
    """Whether a link of this file leads to a file, and to a heading if it names one."""
    name, _, anchor = link.partition("#")
    page = (path.parent / name).resolve() if name else path
    return page.exists() and (not anchor or anchor in map(anchor_of, headings_of(page)))


def is_page(path: Path, name: str) -> bool:
    """Whether a page is called so: from the file's own folder, or by the end of its path alone."""
    ends = [page for page in every_page() if f"/{page}".endswith(f"/{name}")]
    return len(ends) == 1 or (path.parent / name).exists() or (ROOT / name).exists()


@cache
def every_page() -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in texts() if path.suffix == ".md"]


@cache
def headings_of(page: Path) -> list[str]:
    return headings(code_blocks.sub("", page.read_text()))


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@cache
def texts() -> list[Path]:
    """The project's own texts, without what was installed or made."""
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    return [
        path
        for path in (*ROOT.glob("*.md"), *found)
        if path.suffix in SUFFIXES and "node_modules" not in path.parts
    ]
