"""Delivery receipts: how far a message has come with a participant outside, as an operator tells it.

The message's own item says what they come to together, so clients see a change as one of the message.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from tsock.conversations import conversations, messages, objects, refusals, tables, webhooks
from tsock.conversations.actor import ChatActor
from tsock.conversations.models import Amount, Delivery
from tsock.conversations.tables import Conversation
from tsock.errors import invalid, not_found
from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Tx

Status = Literal["sent", "delivered", "read", "undelivered", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)

_INCLUDED: dict[Status, tuple[Status, ...]] = {
    "sent": ("sent",),
    "delivered": ("sent", "delivered"),
    "read": ("sent", "delivered", "read"),
    "undelivered": ("sent", "undelivered"),
    "failed": ("failed",),
}
"""What has happened to a message by the time of a status."""


class Receipt(msgspec.Struct, gc=False):
    """A row of `chat_receipts`; fields in the order of its columns."""

    sid: str
    service_sid: str
    conversation_sid: str
    message_sid: str
    participant_sid: str
    status: Status
    error_code: int | None
    created_ms: int
    updated_ms: int


_COLUMNS = ", ".join(Receipt.__struct_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM chat_receipts"
_GET = f"{_SELECT} WHERE message_sid = :message_sid AND sid = :sid"
_OF_PARTICIPANT = f"{_SELECT} WHERE message_sid = :message_sid AND participant_sid = :participant_sid"
_BEHIND = f"{_SELECT} WHERE message_sid = :message_sid AND sid > :after ORDER BY sid LIMIT :limit"
_STATUSES = "SELECT status FROM chat_receipts WHERE message_sid = :message_sid"
_PUT = (
    f"INSERT INTO chat_receipts ({_COLUMNS}) "
    f"VALUES ({', '.join(f':{name}' for name in Receipt.__struct_fields__)}) ON CONFLICT (sid) "
    "DO UPDATE SET status = :status, error_code = :error_code, updated_ms = :updated_ms"
)
_LISTING = Listing(f"SELECT created_ms, sid, {_COLUMNS} FROM chat_receipts", ("created_ms", "sid"))


class Report(msgspec.Struct, frozen=True):
    """What is told of a message and a participant."""

    message_sid: str
    participant_sid: str
    status: str
    error_code: int | None = None


def report(tx: Tx, actor: ChatActor, name: str, told: Report) -> Receipt:
    """Tell how far a message has come with a participant who takes part by an address.

    Raises:
        ApiError: 50350; 50500; 50432; 20422, no such status, or somebody with an identity.
    """
    opened, listed = conversations.claim(tx, actor, name, "messages_sid")
    row = opened.row
    message = messages.fetch(tx, actor, row.sid, told.message_sid)
    place = tables.place(tx, row.sid, told.participant_sid)
    if place is None:
        raise refusals.participant_not_found(told.participant_sid)
    if place.identity is not None:
        raise invalid(f"{place.sid} takes part with an identity; expected somebody who does by an address")
    found = tx.one(_OF_PARTICIPANT, {"message_sid": told.message_sid, "participant_sid": place.sid})
    known = None if found is None else Receipt(*found)
    receipt = Receipt(
        sid=tx.sid("DY") if known is None else known.sid,
        service_sid=row.service_sid,
        conversation_sid=row.sid,
        message_sid=told.message_sid,
        participant_sid=place.sid,
        status=_status(told.status),
        error_code=told.error_code,
        created_ms=tx.date_ms if known is None else known.created_ms,
        updated_ms=tx.date_ms,
    )
    tx.run(_PUT, msgspec.structs.asdict(receipt))
    item = objects.item(tx, listed.sid, message.index)
    assert item is not None
    statuses = [found[0] for found in tx.all(_STATUSES, {"message_sid": told.message_sid})]
    message.data.delivery = _delivery(statuses, _recipients(tx, row, message))
    objects.change(tx, actor.of_sync(), listed, item, message.data)
    webhooks.of_receipt(tx, actor, row, receipt)
    return receipt


def page(
    tx: Tx, actor: ChatActor, name: str, message_sid: str, place: Cursor, size: int
) -> tuple[list[Receipt], Slice]:
    """A page of the receipts of a message that the caller may see, the oldest first.

    Raises:
        ApiError: 50350; 50430; 50500.
    """
    messages.fetch(tx, actor, name, message_sid)
    rows = slice_at(tx, _LISTING, "message_sid = :message_sid", {"message_sid": message_sid}, place, size)
    return [Receipt(*row[2:]) for row in rows.rows], rows


def behind(
    tx: Tx, actor: ChatActor, name: str, message_sid: str, after: str, size: int
) -> tuple[list[Receipt], str | None]:
    """Up to `size` of them behind a SID, in that order; the last SID if more follow.

    Raises:
        ApiError: 50350; 50430; 50500.
    """
    messages.fetch(tx, actor, name, message_sid)
    asked = {"message_sid": message_sid, "after": after, "limit": size + 1}
    found = [Receipt(*row) for row in tx.all(_BEHIND, asked)]
    return found[:size], found[size - 1].sid if len(found) > size else None


def fetch(tx: Tx, actor: ChatActor, name: str, message_sid: str, sid: str) -> Receipt:
    """One of them.

    Raises:
        ApiError: 50350; 50430; 50500; 404/20404.
    """
    messages.fetch(tx, actor, name, message_sid)
    row = tx.one(_GET, {"message_sid": message_sid, "sid": sid})
    if row is None:
        raise not_found(f"no receipt {sid[:64]}")
    return Receipt(*row)


def _status(text: str) -> Status:
    for status in STATUSES:
        if status == text:
            return status
    raise invalid(f"the status of a receipt is one of {', '.join(STATUSES)}, not {text[:32]!r}")


def _recipients(tx: Tx, row: Conversation, message: messages.Message) -> int:
    """How many take part by an address; of whom the sender may be one."""
    others = [place for place in tables.places(tx, row.sid) if place.identity is None]
    return len([place for place in others if place.sid != message.data.member_sid])


def _delivery(told: Sequence[Status], recipients: int) -> Delivery:
    total = max(recipients, len(told))  # whoever has left has got it nevertheless
    amounts: dict[str, Amount] = {}
    for happened in STATUSES:
        count = len([status for status in told if happened in _INCLUDED[status]])
        amounts[happened] = "none" if not count else "all" if count == total else "some"
    return Delivery(total, **amounts)
