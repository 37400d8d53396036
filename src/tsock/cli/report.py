"""How the report on a token looks to a reader."""

from collections import Counter
from itertools import groupby
from typing import Any, cast

from tsock import dictionary
from tsock.cli.output import Part, line, paragraph
from tsock.tokens.hints import remarks

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
        for _, text in remarks(report["notes"], f"{report['summary']} {report['fix'] or ''}"):
            paragraph(text, "  - ")


def claims(report: dict[str, Any]) -> None:
    """Print what the token says."""
    if report["claims"]:
        line()
        line(("Claims", "bold"))
        rows = _flat(report["claims"])
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            line("  ", (f"{name:<{width}}", "cyan"), "  ", str(value))


def checks(report: dict[str, Any]) -> None:
    """Print every check, the first failure marked; what was skipped in a row, on one line."""
    line()
    line(("Checks", "bold"))
    first = next((check for check in report["checks"] if check["verdict"] == "fail"), None)
    shared = {name for name, times in Counter(check["id"] for check in report["checks"]).items() if times > 1}
    for outcome, run in groupby(report["checks"], lambda check: check["verdict"]):
        checks = list(run)
        if outcome == "skipped" and len(checks) > 1:
            what = f"{len(checks)} checks, from {checks[0]['id']} to {checks[-1]['id']}"
            line("  ", (f"{outcome:<8}", _STYLES[outcome]), what)
            continue
        for check in checks:
            _check(check, is_first=check is first, is_shared=check["id"] in shared)


def _check(check: dict[str, Any], *, is_first: bool, is_shared: bool) -> None:
    """One check; where others share its name, what it expects tells them apart."""
    outcome = check["verdict"]
    mark: Part = ("> ", "bold red") if is_first else "  "
    beside = f"  (expected {check['expected']})" if is_shared and outcome != "fail" else ""
    line(
        mark,
        (f"{outcome:<8}", _STYLES[outcome]),
        (f"{check['id']:<22}", "cyan"),
        check["found"],
        (beside, "dim"),
    )
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
