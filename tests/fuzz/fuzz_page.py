"""Fuzzes the pages about tokens: whatever was given for one, they show what is known of it.

Inputs are those of `fuzz_token.py`.
"""

from tests.fuzz.engine import fuzz, instrumented

with instrumented("tsock.site", "tsock.tokens.report"):
    import msgspec

    from tests.fuzz.fuzz_token import EXAMINER, SEEDS, SIGNED, WORLD, signed
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
    fuzz(one_input, SEEDS)
