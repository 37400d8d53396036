"""Webhooks that wait or were given up, as an operator sees them and sends them again."""

import functools
from collections.abc import Callable, Sequence

import msgspec

from tsock.api.operator.body import PAGE_ROWS, page
from tsock.api.request import Answer, Door, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.errors import ApiError, invalid, not_found
from tsock.storage.store import Tx
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Delivery
from tsock.webhooks.targets import Target

RESENT_PER_WRITE = 100
"""Dead ones begun anew in one transaction; writes of clients wait that long at most."""


class DeliveryView(msgspec.Struct, frozen=True):
    """A delivery; what it says is shown only of one that is asked for by its SID."""

    sid: str
    account_sid: str
    service_sid: str | None
    kind: str
    event_type: str
    state: str
    """`waiting` or `dead`."""
    url: str
    """Without credentials."""
    date_created: str
    date_next: str | None
    """When it is tried; null while it waits behind another of its topic, and once it is dead."""
    attempts: int
    date_given_up: str | None
    failure_code: int | None
    failure: str | None
    number: int
    parameters: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class WebhookHandlers:
    """List, show, send again."""

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.OPERATOR, "GET", "/webhooks", self.every),
            Route(Door.OPERATOR, "POST", "/webhooks/resend", self.resend_all),
            Route(Door.OPERATOR, "GET", "/webhooks/{delivery}", self.fetch),
            Route(Door.OPERATOR, "POST", "/webhooks/{delivery}/resend", self.resend),
        ]

    def every(self, request: Request) -> Answer:
        """Those that are `dead` or `waiting`, of one `account` or `service` or of all, the oldest first."""
        state = request.params.get("state", "dead")
        if state not in ("dead", "waiting"):
            raise invalid(f"state is dead or waiting, not {state[:32]}")
        find = _chosen(request, state, PAGE_ROWS)
        return Read(lambda tx: page("webhooks", find(tx), _view, key="number"))

    def fetch(self, request: Request, sid: str) -> Answer:
        """One of them, with its parameters."""

        def query(tx: Tx) -> Response:
            found = _existing(tx, sid)
            return answer(msgspec.structs.replace(_view(found), parameters=found.parameters))

        return Read(query)

    def resend(self, request: Request, sid: str) -> Answer:
        """Begin anew with one that was given up."""

        def rule(tx: Tx) -> Response:
            if not outbox.resend(tx, _existing(tx, sid)):
                raise ApiError(409, 20409, f"Conflict: {sid} was not given up; it is still to be sent")
            return answer(_view(_existing(tx, sid)))

        return Write(rule)

    def resend_all(self, request: Request) -> Answer:
        """Begin anew with the first dead ones behind number `after`, of an `account` or `service` or of all.

        `next` is where those behind them begin. Whoever goes on there meets each once, also those that are
        dead again meanwhile.
        """
        find = _chosen(request, "dead", RESENT_PER_WRITE)

        def rule(tx: Tx) -> Response:
            found = find(tx)
            resent = sum(outbox.resend(tx, dead) for dead in found)
            last = found[-1].number if len(found) == RESENT_PER_WRITE else None
            return answer({"resent": resent, "next": last})

        return Write(rule)


def _chosen(request: Request, state: outbox.DeliveryState, limit: int) -> Callable[[Tx], Sequence[Delivery]]:
    """What finds the deliveries that a request is about.

    Raises:
        ApiError: 400/20422, `after` is no number.
    """
    asked = request.params
    after = asked.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise invalid(f"after is the number of a delivery, not {after[:32]}")
    return functools.partial(
        outbox.page,
        state=state,
        account_sid=asked.get("account"),
        service_sid=asked.get("service"),
        after=int(after),
        limit=limit,
    )


def _existing(tx: Tx, sid: str) -> Delivery:
    found = outbox.find(tx, sid)
    if found is None:
        raise not_found(
            f"no webhook {sid[:64]} waits or was given up; delivered "
            "ones are forgotten, and old dead ones (webhook_dead_max, webhook_dead_days)",
        )
    return found


def _view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        sid=delivery.sid,
        account_sid=delivery.account_sid,
        service_sid=delivery.service_sid,
        kind=delivery.kind,
        event_type=delivery.event_type,
        state="waiting" if delivery.given_up_ms is None else "dead",
        url=_shown(delivery.url),
        date_created=iso_ms(delivery.created_ms),
        date_next=_date(delivery.next_ms),
        attempts=delivery.attempts,
        date_given_up=_date(delivery.given_up_ms),
        failure_code=delivery.failure_code,
        failure=delivery.failure,
        number=delivery.number,
    )


def _shown(url: str) -> str:
    try:
        return Target.read(url).public_url
    except ValueError:
        return "a malformed URL"


def _date(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_ms(at_ms)
