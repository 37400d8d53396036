"""How the report on a token looks to a reader."""

from typing import Any, cast

from tsock import dictionary
from tsock.cli.output import Part, line, paragraph

_STYLES = {"pass": "green", "fail": "bold red", "skipped": "dim"}


def verdict(report: dict[str, Any]) -> None:
    """Print what the gateway does and why, and what to do about it."""
    if report["verdict"] == "accepted":
        line(("accepted", "bold green"), "  ", report["summary"])
    else:
        code = report["code"]
        line(("denied", "bold red"), f"  {code} {dictionary.title(code)}, cause ", (report["cause"], "bold"))
        line()
        paragraph(report["summary"])
        paragraph(report["fix"], "Fix: ")
    if report["notes"]:
        line(("Notes: ", "bold"), ", ".join(report["notes"]))


def claims(report: dict[str, Any]) -> None:
    """Print what the token says."""
    if report["claims"]:
        line()
        line(("Claims", "bold"))
        for name, value in _flat(report["claims"]):
            line("  ", (f"{name:<30}", "cyan"), str(value))


def checks(report: dict[str, Any]) -> None:
    """Print every check, the first failure marked."""
    line()
    line(("Checks", "bold"))
    first = report["cause"]
    for check in report["checks"]:
        outcome = check["verdict"]
        mark: Part = ("> ", "bold red") if outcome == "fail" and check["id"] == first else "  "
        line(mark, (f"{outcome:<8}", _STYLES[outcome]), (f"{check['id']:<22}", "cyan"), check["found"])
        if mark != "  ":
            first = None
        if outcome == "fail":
            paragraph(check["expected"], " " * 10 + "expected ")


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    """Nested members under dotted names."""
    rows: list[tuple[str, object]] = []
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            rows += _flat(cast("dict[str, Any]", inner), f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", cast("object", inner)))
    return rows
