"""Media: uploaded, taken by a message, removed with it (`protocol/conversations.md`, Media).

The bytes are a blob, which no transaction covers. So a blob is noted as loose before it is written, and when
its record goes; whatever is interrupted, a chore removes what is loose and due.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from tsock.conversations import refusals, tables
from tsock.conversations.actor import ChatActor, ChatLimits
from tsock.conversations.models import Category, Media
from tsock.errors import StoreDown
from tsock.ids import is_sid
from tsock.storage.store import Tx
from tsock.sync.tables import numbered, placeholders


class Upload(msgspec.Struct, frozen=True):
    """What has been uploaded, with its bytes stored in a blob."""

    blob: str
    category: Category
    filename: str | None
    content_type: str
    size: int


class Record(msgspec.Struct, gc=False):
    """A row of `chat_media`; fields in the order of its columns."""

    sid: str
    service_sid: str
    blob: str
    category: Category
    filename: str | None
    content_type: str
    size: int
    author: str
    created_ms: int
    updated_ms: int
    conversation_sid: str | None = None
    message_sid: str | None = None


_COLUMNS = ", ".join(Record.__struct_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM chat_media WHERE sid = :sid"
_INSERT = (
    f"INSERT INTO chat_media ({_COLUMNS}) VALUES "
    f"({', '.join(f':{name}' for name in Record.__struct_fields__)})"
)
_TAKE = (
    "UPDATE chat_media SET conversation_sid = :conversation_sid, message_sid = :message_sid, "
    "updated_ms = :date_ms WHERE sid = :sid AND message_sid IS NULL"
)
_OF_MESSAGE = "conversation_sid = :conversation_sid AND message_sid = :message_sid"
_OF_CONVERSATION = "conversation_sid = :conversation_sid"
_OF_SERVICE = "SELECT sid FROM chat_media WHERE service_sid = :service_sid ORDER BY sid LIMIT :limit"
_UNCLAIMED = (
    "SELECT sid FROM chat_media WHERE message_sid IS NULL AND created_ms < :before_ms "
    "ORDER BY created_ms, sid LIMIT :limit"
)

_EXPECT = "INSERT INTO chat_loose_blobs (blob, due_ms) VALUES (:blob, :due_ms)"
_BIND = "DELETE FROM chat_loose_blobs WHERE blob = :blob AND due_ms > :now_ms"
_FORGET = "DELETE FROM chat_loose_blobs WHERE blob = :blob"
_DUE = "SELECT blob FROM chat_loose_blobs WHERE due_ms <= :now_ms ORDER BY due_ms LIMIT :limit"


# Blobs


def expect(tx: Tx, blob: str, due_ms: int) -> None:
    """Note that a blob is about to be written; unless it is recorded before then, it is removed."""
    tx.run(_EXPECT, {"blob": blob, "due_ms": due_ms})


def loose(tx: Tx, limit: int) -> list[str]:
    """Up to so many blobs that are to be removed now."""
    return [row[0] for row in tx.all(_DUE, {"now_ms": tx.now_ms, "limit": limit})]


def forget(tx: Tx, blobs: Sequence[str]) -> None:
    """Forget blobs that are gone."""
    for blob in blobs:
        tx.run(_FORGET, {"blob": blob})


# Records


def record(tx: Tx, actor: ChatActor, upload: Upload) -> Record:
    """Make a record of a blob that was stored.

    Raises:
        StoreDown: it took so long that the blob is due to be removed.
    """
    if not tx.count(_BIND, {"blob": upload.blob, "now_ms": tx.now_ms}):
        raise StoreDown("the upload took longer than uploads without a message are kept")
    row = Record(
        sid=tx.sid("ME"),
        service_sid=actor.service_sid,
        blob=upload.blob,
        category=upload.category,
        filename=upload.filename,
        content_type=upload.content_type,
        size=upload.size,
        author=actor.identity,
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )
    tx.run(_INSERT, msgspec.structs.asdict(row))
    return row


def find(tx: Tx, sid: str) -> Record | None:
    """The record with this SID, of whatever service."""
    row = tx.one(_SELECT, {"sid": sid})
    return None if row is None else Record(*row)


def fetch(tx: Tx, actor: ChatActor, sid: str) -> Record:
    """The record with this SID, for whom it is: the participants of its conversation, before that its author.

    Raises:
        ApiError: 50507, the service has none that the caller may see.
    """
    row = _of_service(tx, actor, sid)
    if actor.is_bound and not _sees(tx, actor, row):
        raise refusals.media_not_found(sid)
    return row


def take(
    tx: Tx, actor: ChatActor, sids: Sequence[str], *, conversation_sid: str, message_sid: str
) -> list[Media]:
    """Make uploads those of a message, in this order.

    Raises:
        ApiError: 20422 too many; 50510 no SID; 50507 the service has none that the caller may see;
            50508 another message has it; 50512 too large together.
    """
    limits = actor.limits
    if len(sids) > limits.media_per_message_max:
        raise refusals.too_many_media(len(sids), limits.media_per_message_max)
    rows: list[Record] = []
    for sid in sids:
        if not is_sid(sid, "ME"):
            raise refusals.bad_media_sid()
        row = fetch(tx, actor, sid)  # else whoever sends it could read what was somebody else's
        asked = {"sid": sid, "conversation_sid": conversation_sid, "message_sid": message_sid}
        if not tx.count(_TAKE, {**asked, "date_ms": tx.date_ms}):
            raise refusals.media_taken(sid)
        rows.append(row)
    _check_total(rows, limits)
    return [Media(row.sid, row.category, row.filename, row.content_type, row.size) for row in rows]


# Removal


def release_of_message(tx: Tx, conversation_sid: str, message_sid: str) -> None:
    """Remove the media of a message."""
    _release(tx, _OF_MESSAGE, conversation_sid=conversation_sid, message_sid=message_sid)


def release_of_conversation(tx: Tx, conversation_sid: str) -> None:
    """Remove the media of all messages of a conversation."""
    _release(tx, _OF_CONVERSATION, conversation_sid=conversation_sid)


def release_of_service(tx: Tx, service_sid: str, limit: int) -> int:
    """Remove up to so many media of a service; how many there were."""
    return _release_some(tx, _OF_SERVICE, service_sid=service_sid, limit=limit)


def release_unclaimed(tx: Tx, before_ms: int, limit: int) -> int:
    """Remove up to so many media that were uploaded before then and that no message took; how many."""
    return _release_some(tx, _UNCLAIMED, before_ms=before_ms, limit=limit)


def _release_some(tx: Tx, statement: str, **asked: Any) -> int:
    """Remove the records that a statement finds, which no message takes meanwhile; how many."""
    names = numbered([row[0] for row in tx.claim_all(statement, asked)])
    return _release(tx, f"sid IN ({placeholders(names)})", **names) if names else 0


def _release(tx: Tx, where: str, **asked: Any) -> int:
    """Remove records that stay as they are meanwhile, and leave their blobs to be removed."""
    asked = {**asked, "now_ms": tx.now_ms}
    found = tx.count(
        f"INSERT INTO chat_loose_blobs (blob, due_ms) SELECT blob, :now_ms FROM chat_media WHERE {where}",
        asked,
    )
    if found:
        tx.run(f"DELETE FROM chat_media WHERE {where}", asked)
    return found


def _of_service(tx: Tx, actor: ChatActor, sid: str) -> Record:
    row = find(tx, sid) if is_sid(sid, "ME") else None
    if row is None or row.service_sid != actor.service_sid:
        raise refusals.media_not_found(sid)
    return row


def _sees(tx: Tx, actor: ChatActor, row: Record) -> bool:
    if row.conversation_sid is None:
        return row.author == actor.identity
    return tables.place_of(tx, row.conversation_sid, actor.identity) is not None


def _check_total(rows: Sequence[Record], limits: ChatLimits) -> None:
    total = sum(row.size for row in rows)
    if total > limits.media_per_message_bytes_max:
        raise refusals.media_too_large(total, limits.media_per_message_bytes_max)
