"""The states of a conversation, and the timers that change them.

A message makes an inactive conversation active; a closed one stays closed. Both timers count from the last
activity: a message, or a change of the state.
"""

import re
from collections.abc import Callable
from datetime import timedelta

from msgspec import UNSET, UnsetType

from tsock.clock import iso_ms
from tsock.conversations import objects, refusals, webhooks
from tsock.conversations.actor import ChatActor
from tsock.conversations.models import ConversationData, State, StateName
from tsock.conversations.tables import Conversation, claimed_with_rosters, save_conversation
from tsock.errors import ApiError
from tsock.storage.store import Tx
from tsock.sync.models import Root

INACTIVE_AFTER_MIN = timedelta(minutes=1)
CLOSED_AFTER_MIN = timedelta(minutes=10)

Timekeeper = Callable[[str], ChatActor | None]
"""Who acts in a service, by its SID, when the time for something has come; None where that is gone."""

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,8})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)
_DUE = "SELECT sid FROM chat_conversations WHERE inactive_ms <= :now_ms OR closed_ms <= :now_ms LIMIT :limit"
_NEXT = (
    "SELECT min(at_ms) FROM (SELECT min(inactive_ms) AS at_ms FROM chat_conversations "
    "UNION ALL SELECT min(closed_ms) AS at_ms FROM chat_conversations) AS due"
)


def require_changeable(actor: ChatActor, data: ConversationData) -> None:
    """Refuse a change of a conversation that is closed; over REST alone it is changed while it is set up.

    Raises:
        ApiError: 50377; 50386.
    """
    if data.state.current == "closed":
        raise refusals.closed()
    if actor.is_bound:
        _require_set_up(data)


def require_open(actor: ChatActor, data: ConversationData) -> None:
    """Refuse a message to a conversation that takes none.

    Raises:
        ApiError: 50377; 50386.
    """
    require_changeable(actor, data)
    _require_set_up(data)


def _require_set_up(data: ConversationData) -> None:
    if data.state.current == "initializing":
        raise refusals.initializing()


def move(tx: Tx, row: Conversation, data: ConversationData, state: StateName) -> None:
    """Bring a conversation into another state; the caller stores both."""
    row.state = state
    data.state = State(state, iso_ms(tx.date_ms))
    rewind(tx, row)


def rewind(tx: Tx, row: Conversation) -> bool:
    """Start the timers anew, after an activity; whether there are any."""
    if row.inactive_after is None and row.closed_after is None:
        return False
    row.inactive_ms = _end(tx, row.inactive_after) if row.state == "active" else None
    row.closed_ms = _end(tx, row.closed_after) if row.state in ("active", "inactive") else None
    return True


def set_timers(
    tx: Tx, row: Conversation, *, inactive_after: str | UnsetType, closed_after: str | UnsetType
) -> None:
    """Set after how long without activity the state changes; an empty text is never.

    Raises:
        ApiError: 50379, 50380 no ISO 8601 duration; 50375, 50376 too short.
    """
    if inactive_after is not UNSET:
        row.inactive_after = checked_inactive(inactive_after)
        row.inactive_ms = None
    if closed_after is not UNSET:
        row.closed_after = checked_closed(closed_after)
        row.closed_ms = None
    if inactive_after is not UNSET or closed_after is not UNSET:
        rewind(tx, row)


def checked_inactive(duration: str) -> str | None:
    """After how long a conversation becomes inactive; an empty text is never.

    Raises:
        ApiError: 50379 no ISO 8601 duration; 50375 too short.
    """
    return _checked(duration, "inactive", INACTIVE_AFTER_MIN, 50379, 50375)


def checked_closed(duration: str) -> str | None:
    """After how long it becomes closed; an empty text is never.

    Raises:
        ApiError: 50380 no ISO 8601 duration; 50376 too short.
    """
    return _checked(duration, "closed", CLOSED_AFTER_MIN, 50380, 50376)


def next_due_ms(tx: Tx) -> int | None:
    """When the next state changes by itself, or the earliest that is due did."""
    row = tx.one(_NEXT, {})
    return None if row is None else row[0]


def expire_due(tx: Tx, limit: int, timekeeper: Timekeeper) -> bool:
    """Change the state of up to `limit` conversations whose time has come; whether more may be due."""
    due = [row[0] for row in tx.all(_DUE, {"now_ms": tx.now_ms, "limit": limit})]
    found = claimed_with_rosters(tx, due)
    for row, document, _ in found:
        if _is_due(tx, row.closed_ms) or _is_due(tx, row.inactive_ms):  # a message may have come meanwhile
            _expire(tx, row, document, timekeeper)
    return len(found) == limit


def cannot_start_closed() -> ApiError:
    """400/50384."""
    return ApiError(
        400, 50384, "Cannot create a conversation in closed state: expected initializing, active or inactive"
    )


def _is_due(tx: Tx, at_ms: int | None) -> bool:
    return at_ms is not None and at_ms <= tx.now_ms


def _expire(tx: Tx, row: Conversation, document: Root, timekeeper: Timekeeper) -> None:
    data = objects.decoded(document, ConversationData)
    is_over = _is_due(tx, row.closed_ms)
    activity_ends = row.closed_ms
    before = data.state.current
    move(tx, row, data, "closed" if is_over else "inactive")
    if not is_over:  # that it fell silent is no activity
        row.closed_ms = activity_ends
    save_conversation(tx, row)
    objects.save_document(tx, document, data)
    actor = timekeeper(row.service_sid)
    if actor is not None:
        webhooks.of_state(tx, actor, row, before, data.state.current, "TIMER")


def _end(tx: Tx, duration: str | None) -> int | None:
    return None if duration is None else tx.now_ms + int(_span(duration).total_seconds() * 1000)


def _checked(text: str, name: str, least: timedelta, malformed: int, too_short: int) -> str | None:
    if not text:
        return None
    span = _span(text)
    if not span:
        raise ApiError(
            400,
            malformed,
            f"Invalid {name} timer: expected an ISO 8601 duration such as PT10M, not {text[:32]!r}",
        )
    if span < least:
        raise ApiError(
            400,
            too_short,
            f"The {name} timer is too short: expected at least {int(least.total_seconds())} seconds",
        )
    return text


def _span(duration: str) -> timedelta:
    """A duration in weeks, days, hours, minutes and seconds; nothing for what is none."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        return timedelta()
    return timedelta(**{unit: int(number) for unit, number in found.groupdict("0").items()})
