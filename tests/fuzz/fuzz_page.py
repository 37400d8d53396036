"""Fuzzes the pages about tokens: whatever was given for one, they show what is known of it.

Options and inputs are those of `fuzz_token.py`.
"""

import sys
from pathlib import Path
from typing import Any

import atheris

FUZZER: Any = atheris  # published without types
sys.path.insert(0, str(Path(__file__).parents[2]))

with FUZZER.instrument_imports(include=["tsock.site", "tsock.tokens.report"]):
    import msgspec

    from tests.fuzz.fuzz_token import EXAMINER, SIGNED, WORLD, mutate, signed
    from tsock.debugger.denials import Denial
    from tsock.site.rendering import render
    from tsock.tokens.report import Report


def one_input(data: bytes) -> None:
    """Shows one text on each page, the denial as it comes back from the store."""
    choice, rest = (data[0], data[1:]) if data else (0, b"")
    text = signed(choice, rest) if choice & SIGNED else rest.decode("utf-8", "replace")
    report = EXAMINER.examine(text, WORLD.now_ms, may_see=lambda sid: bool(choice & 1))
    render("doctor.html", report=report, sign_in=None, chars_max=1)
    denial = Denial(
        sid="DN0",
        at_ms=WORLD.now_ms,
        code=20101,
        cause="x",
        summary="",
        address="",
        sdk=text[:99],
        report=report,
    )
    kept = msgspec.json.decode(msgspec.json.encode(denial), type=Denial)
    assert isinstance(kept.report, Report)
    render("denial.html", denial=kept)


if __name__ == "__main__":
    FUZZER.Setup(sys.argv, one_input, custom_mutator=mutate)
    FUZZER.Fuzz()
