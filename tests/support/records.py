"""What the debugger keeps, as a test needs it on record."""

from typing import Any

from tsock.debugger.alerts import Alert
from tsock.debugger.denials import Denial
from tsock.tokens.report import Report


def alert(sid: str, account_sid: str, at_ms: int, **fields: Any) -> Alert:
    """An alert of one thing that went wrong then."""
    plain = {"updated_ms": at_ms, "code": 20103, "level": "error", "text": "The key is not known."}
    return Alert(sid=sid, account_sid=account_sid, at_ms=at_ms, **{**plain, **fields})


def denial(sid: str, account_sid: str | None, at_ms: int, report: Report, **fields: Any) -> Denial:
    """A denial with the report of its token."""
    plain = {
        "code": report.code,
        "cause": report.cause,
        "summary": report.summary,
        "address": "192.0.2.7",
        "sdk": "js 1.0",
    }
    return Denial(sid=sid, account_sid=account_sid, at_ms=at_ms, report=report, **{**plain, **fields})
