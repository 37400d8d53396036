"""The outbox: webhooks are written in the transaction that makes the change, and sent after it.

A delivery waits until it is delivered or given up. Of each topic one is first, and leaves at its time; the
others wait behind it. When the first is delivered or given up, the one with the lowest number moves up. So it
does when the first has failed for long (`move_on`): that one keeps its time, and holds back nobody any more.

The first of a topic is what its rules claim, those that put another behind it and those that end it: so none
stays behind one that is gone. Where there is none, the index of the firsts lets one of two be it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from tsock.events import Work
from tsock.storage.store import Row, Tx
from tsock.webhooks.targets import StoredUrl, lane

PostOrigin = Literal["sync", "conversations", "debugger", "push"]
Method = Literal["GET", "POST"]
DeliveryState = Literal["waiting", "dead"]


class Post(msgspec.Struct, frozen=True, gc=False):
    """What is to be sent."""

    account_sid: str
    """Whose Auth Token signs it."""
    service_sid: str | None
    kind: PostOrigin
    event_type: str
    topic: str
    """Posts of one topic leave in the order in which they were put."""
    url: StoredUrl
    """As configured, fragment included."""
    parameters: Mapping[str, str]
    """Form parameters; one without a value is left out."""
    method: Method = "POST"


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A post on its way, or given up; a field for each column."""

    number: int
    """Grows in the order of putting."""
    sid: str
    account_sid: str
    service_sid: str | None
    kind: PostOrigin
    event_type: str
    topic: str
    lane: str
    """Host and port."""
    is_first: bool
    created_ms: int
    next_ms: int | None
    """When it is tried; None while it waits behind the first of its topic, and once given up."""
    attempts: int
    """Those that failed."""
    failing_since_ms: int | None
    """The first of them."""
    given_up_ms: int | None
    failure_code: int | None
    """Of the last of them."""
    failure: str | None
    method: Method
    url: StoredUrl
    parameters: dict[str, str]

    def __repr__(self) -> str:
        return f"Delivery({self.sid}, {self.event_type}, {self.lane})"


class Posted(Work, frozen=True):
    """One more delivery waits."""

    sid: str


class Left(Work, frozen=True):
    """One fewer waits: it was delivered or given up."""

    sid: str


class Due(Work, frozen=True):
    """A delivery may leave at once, so that the sender need not look for it."""

    lane: str


_COLUMNS = ", ".join(Delivery.__struct_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM webhook_deliveries"
_BY_SID = f"{_SELECT} WHERE sid = :sid"
_IS_DEAD = {"waiting": "given_up_ms IS NULL", "dead": "given_up_ms IS NOT NULL"}
_PUT = (
    "INSERT INTO webhook_deliveries (sid, account_sid, service_sid, kind, event_type, topic, lane, is_first, "
    "created_ms, next_ms, attempts, method, url, parameters) VALUES (:sid, :account_sid, :service_sid, "
    ":kind, :event_type, :topic, :lane, :is_first, :now_ms, :next_ms, 0, :method, :url, :parameters)"
)
_FIRST = "SELECT number FROM webhook_deliveries WHERE topic = :topic AND is_first = 1"
_BEHIND = (
    "SELECT number, lane FROM webhook_deliveries "
    "WHERE topic = :topic AND next_ms IS NULL AND given_up_ms IS NULL ORDER BY number LIMIT 1"
)
_MOVE_UP = "UPDATE webhook_deliveries SET is_first = 1, next_ms = :now_ms WHERE number = :number"
_MOVE_ON = "UPDATE webhook_deliveries SET is_first = 0 WHERE number = :number"
_FAIL = (
    "UPDATE webhook_deliveries SET next_ms = :next_ms, attempts = attempts + 1, failure_code = :code, "
    "failure = :text, failing_since_ms = coalesce(failing_since_ms, :now_ms) "
    "WHERE sid = :sid AND attempts = :attempts AND given_up_ms IS NULL"
)
_GIVE_UP = (
    "UPDATE webhook_deliveries SET is_first = 0, next_ms = NULL, given_up_ms = :now_ms, "
    "failure_code = :code, failure = :text, attempts = attempts + :attempts "
    "WHERE number = :number AND given_up_ms IS NULL"
)
_REVIVE = (
    "UPDATE webhook_deliveries SET is_first = :is_first, next_ms = :next_ms, attempts = 0, "
    "failing_since_ms = NULL, given_up_ms = NULL WHERE number = :number"
)
_BRING_FORWARD = "UPDATE webhook_deliveries SET next_ms = next_ms - :by_ms WHERE next_ms > :now_ms"
_DELETE = "DELETE FROM webhook_deliveries WHERE number = :number"
_LANES = "SELECT lane, min(next_ms) FROM webhook_deliveries WHERE next_ms IS NOT NULL GROUP BY lane"
_WAITING = "SELECT count(*) FROM webhook_deliveries WHERE given_up_ms IS NULL"
_OF_LANE = f"{_SELECT} WHERE lane = :lane AND next_ms IS NOT NULL ORDER BY next_ms LIMIT :limit"
_OLDEST_KEPT = (
    "SELECT number FROM webhook_deliveries WHERE given_up_ms IS NOT NULL "
    "ORDER BY number DESC LIMIT 1 OFFSET :others"
)
_TRIM = (
    "DELETE FROM webhook_deliveries WHERE number IN (SELECT number FROM webhook_deliveries WHERE "
    "given_up_ms IS NOT NULL AND (number < :oldest OR given_up_ms < :before) ORDER BY number LIMIT :limit) "
    "AND given_up_ms IS NOT NULL"  # again, since one of them may be sent again meanwhile
)


def put(tx: Tx, post: Post) -> None:
    """Have `post` delivered once this transaction is committed, and not without it."""
    sid, to = tx.sid("WD"), lane(post.url)
    is_first = tx.claim(_FIRST, {"topic": post.topic}) is None
    tx.run(
        _PUT,
        {
            **msgspec.structs.asdict(post),
            "parameters": msgspec.json.encode(post.parameters).decode(),
            "sid": sid,
            "lane": to,
            "is_first": int(is_first),
            "now_ms": tx.now_ms,
            "next_ms": tx.now_ms if is_first else None,
        },
    )
    tx.emit(Posted(sid))
    if is_first:
        tx.emit(Due(to))


# What the sender asks and tells.


class Backlog(msgspec.Struct, frozen=True):
    """What a sender that starts must know."""

    waiting: int
    lanes: dict[str, int]
    """When the first delivery of each lane is due."""


def backlog(tx: Tx) -> Backlog:
    """Everything that waits; reads an index from end to end."""
    (count,) = tx.all(_WAITING, {})
    return Backlog(count[0], {row[0]: row[1] for row in tx.all(_LANES, {})})


def of_lane(tx: Tx, name: str, limit: int) -> list[Delivery]:
    """The deliveries of a lane that have a time, the earliest first, whether it has come or not."""
    return [_delivery(row) for row in tx.all(_OF_LANE, {"lane": name, "limit": limit})]


def delivered(tx: Tx, delivery: Delivery) -> None:
    """The target has it: forget the delivery, and let the next one of its topic be first."""
    now = _claimed(tx, delivery.sid)
    if now is None:
        return
    tx.run(_DELETE, {"number": now.number})
    if now.given_up_ms is None:
        _leave(tx, now)


def failed(tx: Tx, delivery: Delivery, code: int, text: str, next_ms: int) -> bool:
    """An attempt failed; the next one is at `next_ms`. False if another has ended since this one began."""
    told = {
        "sid": delivery.sid,
        "attempts": delivery.attempts,
        "code": code,
        "text": text,
        "now_ms": tx.now_ms,
        "next_ms": next_ms,
    }
    return tx.count(_FAIL, told) == 1


def move_on(tx: Tx, delivery: Delivery) -> None:
    """Let the next one of the topic be first, although this one still waits for its time."""
    now = _claimed(tx, delivery.sid)
    if now is not None and now.is_first:
        tx.run(_MOVE_ON, {"number": now.number})
        _move_up(tx, now.topic)


def give_up(tx: Tx, delivery: Delivery, code: int, text: str, *, attempts: int = 1) -> bool:
    """Try no more, and keep it for an operator; False if it was not waiting, or was attempted meanwhile.

    Args:
        tx: the transaction.
        delivery: what is given up.
        code: why, in the error dictionary.
        text: why, in words.
        attempts: how many failed since the last that was noted.
    """
    now = _claimed(tx, delivery.sid)
    if now is None or now.given_up_ms is not None or now.attempts != delivery.attempts:
        return False
    told = {"number": now.number, "code": code, "text": text, "now_ms": tx.now_ms, "attempts": attempts}
    tx.run(_GIVE_UP, told)
    _leave(tx, now)
    return True


def _leave(tx: Tx, left: Delivery) -> None:
    tx.emit(Left(left.sid))
    if left.is_first:
        _move_up(tx, left.topic)


def _move_up(tx: Tx, topic: str) -> None:
    row = tx.claim(_BEHIND, {"topic": topic})
    if row is not None:
        tx.run(_MOVE_UP, {"number": row[0], "now_ms": tx.now_ms})
        tx.emit(Due(row[1]))


# What an operator asks and tells.


def find(tx: Tx, sid: str) -> Delivery | None:
    """The delivery with this SID, unless it was delivered or forgotten."""
    row = tx.one(_BY_SID, {"sid": sid})
    return None if row is None else _delivery(row)


def page(
    tx: Tx,
    state: DeliveryState,
    *,
    account_sid: str | None = None,
    service_sid: str | None = None,
    after: int,
    limit: int,
) -> Sequence[Delivery]:
    """Deliveries from behind number `after` on, in the order of putting; of one account, of one service."""
    where = _IS_DEAD[state]
    if account_sid is not None:
        where += " AND account_sid = :account"
    if service_sid is not None:
        where += " AND service_sid = :service"
    asked = {"account": account_sid, "service": service_sid, "after": after, "limit": limit}
    return [
        _delivery(row)
        for row in tx.all(f"{_SELECT} WHERE number > :after AND {where} ORDER BY number LIMIT :limit", asked)
    ]


def resend(tx: Tx, delivery: Delivery) -> bool:
    """Begin anew with one that was given up: it is due at once, unless another of its topic is first.

    Returns:
        Whether it was one.
    """
    dead = _claimed(tx, delivery.sid)
    if dead is None or dead.given_up_ms is None:
        return False
    is_first = tx.claim(_FIRST, {"topic": dead.topic}) is None
    next_ms = tx.now_ms if is_first else None
    tx.run(_REVIVE, {"number": dead.number, "is_first": int(is_first), "next_ms": next_ms})
    tx.emit(Posted(dead.sid))
    if is_first:
        tx.emit(Due(dead.lane))
    return True


def bring_forward(tx: Tx, by_ms: int) -> None:
    """Have what waits for its time wait so much less: the clock that set it has gone back by that."""
    tx.run(_BRING_FORWARD, {"by_ms": by_ms, "now_ms": tx.now_ms})
    for row in tx.all(_LANES, {}):
        tx.emit(Due(row[0]))


# Limits.


def trim(tx: Tx, before_ms: int, kept: int, limit: int) -> bool:
    """Forget up to `limit` dead ones of before that time or beyond the `kept` newest; whether more are."""
    oldest = tx.one(_OLDEST_KEPT, {"others": kept - 1})
    asked = {"oldest": oldest[0] if oldest else 0, "before": before_ms, "limit": limit}
    return tx.count(_TRIM, asked) == limit


def shed(tx: Tx, code: int, text: str, limit: int) -> None:
    """Give up the `limit` oldest deliveries that wait."""
    for delivery in page(tx, "waiting", after=0, limit=limit):
        give_up(tx, delivery, code, text, attempts=0)


def _claimed(tx: Tx, sid: str) -> Delivery | None:
    row = tx.claim(_BY_SID, {"sid": sid})
    return None if row is None else _delivery(row)


def _delivery(row: Row) -> Delivery:
    values: dict[str, Any] = dict(zip(Delivery.__struct_fields__, row, strict=True))
    values["parameters"] = msgspec.json.decode(values["parameters"], type=dict[str, str])
    values["is_first"] = bool(values["is_first"])
    return Delivery(**values)
