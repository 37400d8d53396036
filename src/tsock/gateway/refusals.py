"""Turning a client away: first the refusal is put on record, then the client is told."""

import structlog
from msgspec import Struct

from tsock import dictionary
from tsock.accounts.caller import Caller
from tsock.debugger.denials import Denial
from tsock.gateway.context import Context
from tsock.gateway.endpoint import Endpoint
from tsock.ids import Ids
from tsock.rates import Rate, divided, source
from tsock.telemetry.tail import Trouble
from tsock.telemetry.throttle import Throttle
from tsock.tokens.examiner import Refusal
from tsock.tokens.report import Report
from tsock.wire.headers import BackoffPolicy, Status

log = structlog.get_logger(__name__)

OTHER_CLIENT = "Can't update token, new token was issued for other identity/instance/product."

LIMIT_DENIAL_S = 1.0
"""Further clients of one address that meet the same limit within this time share its record."""
_LIMIT_DENIALS_MAX = 10_000
THOROUGH_PER_S, THOROUGH_BURST = 5, 20
"""So many refused tokens are explained by up to a thousand known mistakes, which takes some milliseconds of a
wrong signature; in a flood the others by the likely ones."""


class NotAdmitted(Struct, frozen=True, gc=False):
    """A client is turned away with `status`; with a `backoff` it may come back later."""

    status: Status
    backoff: BackoffPolicy | None = None


class Refusals:
    """Makes them, each with its record."""

    def __init__(self, context: Context, ids: Ids, *, explain: bool) -> None:
        """With `explain` clients are told the full reason; for development only."""
        self._context = context
        self._ids = ids
        self._explain = explain
        self._lines = Throttle(context.settings.refusal_lines_per_address_per_min, context.clock.monotonic_s)
        self._limit_denials: dict[tuple[str, str], tuple[str, float]] = {}
        self._thorough = Rate(THOROUGH_PER_S, THOROUGH_BURST, context.clock.monotonic_s)

    def of_token(self, endpoint: Endpoint, refusal: Refusal) -> NotAdmitted:
        """The token is no good."""
        report = refusal.report(thorough=self._thorough.take(None))
        sid = self._deny(
            endpoint,
            refusal.code,
            refusal.cause,
            report.summary,
            endpoint.caller,
            report,
            digest=refusal.digest,
        )
        text = refusal.title
        if self._explain:
            text = f"{text}: {report.summary} {report.fix}"
        return NotAdmitted(Status(401, "UNAUTHORIZED", f"{text} ({sid})", refusal.code))

    def of_other_client(self, endpoint: Endpoint, difference: str, caller: Caller) -> NotAdmitted:
        """The new token is good, but for another client than the connection: of another `difference`."""
        text = f"The new token is for another {difference} than the connection."
        sid = self._deny(endpoint, 51215, f"other_{difference}", text, caller, digest=caller.digest.hex())
        told = f"{OTHER_CLIENT} {text}" if self._explain else OTHER_CLIENT
        return NotAdmitted(Status(401, "UNAUTHORIZED", f"{told} ({sid})", 51215))

    def of_limit(
        self, endpoint: Endpoint, code: int, limit: str, caller: Caller | None = None, nodes: int = 1
    ) -> NotAdmitted:
        """A limit was reached, the setting of that name, which so many nodes divide."""
        settings = self._context.settings
        text = f"{limit} is {getattr(settings, limit):g}{divided(nodes)}."
        sid = self._limit_denial(endpoint, code, limit, text, caller)
        told = f"{dictionary.title(code)}: {text}" if self._explain else dictionary.title(code)
        status = Status(429, "TOO_MANY_REQUESTS", f"{told} ({sid})", code)
        return NotAdmitted(status, BackoffPolicy(settings.backoff_ms_min, settings.backoff_ms_max))

    def _limit_denial(
        self, endpoint: Endpoint, code: int, limit: str, text: str, caller: Caller | None
    ) -> str:
        """The record of a limit that was reached, one a second for each address: a flood fills no disk."""
        now_s = self._context.clock.monotonic_s()
        key = limit, source(endpoint.address)
        sid, until_s = self._limit_denials.get(key, ("", 0.0))
        if now_s < until_s:
            self._context.metrics.denied(code)
            return sid
        if len(self._limit_denials) >= _LIMIT_DENIALS_MAX:
            self._limit_denials.clear()
        sid = self._deny(endpoint, code, limit, text, caller)
        self._limit_denials[key] = (sid, now_s + LIMIT_DENIAL_S)
        return sid

    def _deny(
        self,
        endpoint: Endpoint,
        code: int,
        cause: str,
        summary: str,
        caller: Caller | None = None,
        report: Report | None = None,
        *,
        digest: str | None = None,
    ) -> str:
        """Keep the refusal on record; the reply does not wait for it."""
        issuer, subject = (caller.key_sid, caller.account_sid) if caller else (None, None)
        if report:
            issuer, subject = report.key_sid, report.account_sid
        denial = Denial(
            sid=self._ids.sid("DN"),
            at_ms=self._context.clock.date_ms(),
            code=code,
            cause=cause,
            summary=summary,
            address=endpoint.address,
            sdk=endpoint.sdk,
            account_sid=caller.account_sid if caller else subject,
            identity=caller.identity if caller else report and report.claims.identity,
            digest=digest,
            report=report,
            proven=caller is not None or (report is not None and report.is_signed),
        )
        self._context.metrics.denied(code)
        left_out = self._lines.admit(endpoint.address)
        if left_out is not None:
            log.warning(
                "client.denied",
                denial=denial.sid,
                code=code,
                cause=cause,
                iss=issuer,
                sub=subject,
                digest=digest,
                address=denial.address,
                sdk=denial.sdk,
                left_out=left_out,
            )
        self._context.tail.add(
            "denial",
            cause,
            denial.account_sid or "",
            denial.identity or "",
            denial.sid,
            summary,
            trouble=Trouble(code, fix=report and report.fix),
        )
        self._context.debugger.denied(denial, caller)
        return denial.sid
