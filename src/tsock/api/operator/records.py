"""What happened: refusals, alerts, changes of accounts, keys and services, and the live feed."""

import msgspec
from msgspec import Raw

from tsock.accounts import audit
from tsock.accounts.audit import AuditEvent
from tsock.api.request import Answer, Door, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.debugger import alerts, denials
from tsock.debugger.alerts import NOBODY, Alert
from tsock.errors import invalid, not_found
from tsock.storage.store import Tx
from tsock.telemetry.tail import Tail

RECORDS_MAX = 1000
"""Of one answer."""


class RecordHandlers:
    """Records by id or the latest of them, and happenings as they come."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.OPERATOR, "GET", "/denials", self.denials),
            Route(Door.OPERATOR, "GET", "/denials/{denial}", self.denial),
            Route(Door.OPERATOR, "GET", "/alerts", self.alerts),
            Route(Door.OPERATOR, "GET", "/alerts/{alert}", self.alert),
            Route(Door.OPERATOR, "GET", "/audit_events", self.audit_events),
            Route(Door.OPERATOR, "GET", "/tail", self.happenings),
        ]

    def denials(self, request: Request) -> Answer:
        """The newest refusals first, of one `account` or of all."""
        account, limit = request.params.get("account"), _limit(request)
        accounts = None if account is None else (account,)
        return Read(
            lambda tx: answer(
                {"denials": [denials.story(each) for each in denials.latest(tx, limit, accounts=accounts)]}
            )
        )

    def denial(self, request: Request, sid: str) -> Answer:
        """One refusal with its report."""
        return Read(lambda tx: answer(denials.story(denials.recorded(tx, sid))))

    def alerts(self, request: Request) -> Answer:
        """The newest alerts first, of one `account` or of all, those of no account too; with one `code`."""
        account, limit = request.params.get("account"), _limit(request)
        accounts = None if account is None else (account,)
        code = _number(request, "code", 0) if "code" in request.params else None

        def query(tx: Tx) -> Response:
            found = alerts.latest(tx, limit, accounts=accounts, code=code)
            return answer({"alerts": [_alert(alert) for alert in found]})

        return Read(query)

    def alert(self, request: Request, sid: str) -> Answer:
        """One alert with what is kept of the request."""

        def query(tx: Tx) -> Response:
            found = alerts.find(tx, sid)
            if found is None:
                raise not_found(
                    f"no alert {sid[:64]} is on record; old ones are forgotten (alerts_max, alerts_days)",
                )
            return answer(_alert(found))

        return Read(query)

    def audit_events(self, request: Request) -> Answer:
        """The newest changes first; of one `account`, of one `resource`, or all."""
        account, resource = request.params.get("account"), request.params.get("resource")
        limit = _limit(request)

        def query(tx: Tx) -> Response:
            found = audit.latest(tx, limit, account_sid=account, resource_sid=resource)
            return answer({"audit_events": [_audit_event(event) for event in found]})

        return Read(query)

    def happenings(self, request: Request) -> Answer:
        """What happened behind the number `after`; without one, where the feed begins now.

        On this node, or with `all` on all of them; each of both has numbers of its own.
        """
        ring = self._tail.everywhere if "all" in request.params else self._tail.here
        found = ring.after(_number(request, "after", 0) if "after" in request.params else ring.latest)
        return answer({"latest": ring.latest, "happenings": found})


def _alert(alert: Alert) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(alert)
    del fields["at_ms"], fields["updated_ms"]
    account_sid = None if alert.account_sid == NOBODY else alert.account_sid
    dates = {"date": iso_ms(alert.at_ms), "date_updated": iso_ms(alert.updated_ms)}
    return {"sid": fields.pop("sid"), **dates, **fields, "account_sid": account_sid}


def _audit_event(event: AuditEvent) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(event)
    del fields["at_ms"], fields["number"]
    properties = Raw(event.properties.encode())
    return {"sid": fields.pop("sid"), "date": iso_ms(event.at_ms), **fields, "properties": properties}


def _limit(request: Request) -> int:
    limit = _number(request, "limit", 20)
    if not 1 <= limit <= RECORDS_MAX:
        raise invalid(f"limit is 1 to {RECORDS_MAX}, not {limit}")
    return limit


def _number(request: Request, name: str, default: int) -> int:
    text = request.params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise invalid(f"{name} is a whole number, not {text[:32]}")
    return int(text)
