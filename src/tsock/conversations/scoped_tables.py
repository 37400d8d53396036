"""SQL of the webhooks of single conversations."""

from typing import Any, Literal

import msgspec

from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Row, Tx
from tsock.webhooks.outbox import Method
from tsock.webhooks.targets import StoredUrl

ScopedTarget = Literal["webhook", "trigger", "studio"]


class Configuration(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a webhook is told, and where; which members count is a matter of its target."""

    url: StoredUrl | None = None
    method: Method = "POST"
    filters: tuple[str, ...] = ()
    """The events that a `webhook` wants."""
    triggers: tuple[str, ...] = ()
    """The words that a `trigger` looks for."""
    flow_sid: str | None = None
    """Of `studio`, which is stored and never called: there is no Studio here."""


class ScopedWebhook(msgspec.Struct, frozen=True):
    """A row of `chat_webhooks`."""

    sid: str
    service_sid: str
    conversation_sid: str
    target: ScopedTarget
    configuration: Configuration
    created_ms: int
    updated_ms: int

    def wants(self, event: str, body: str | None) -> bool:
        """Whether it is to be told of an event; `body` is that of a message."""
        if self.target == "webhook":
            return event in self.configuration.filters
        if self.target == "studio" or event != "onMessageAdded" or not body:
            return False
        said = body.casefold()
        return any(word.casefold() in said for word in self.configuration.triggers)


_FIELDS = ScopedWebhook.__struct_fields__
_COLUMNS = ", ".join(_FIELDS)
_ORDER = ("created_ms", "sid")
_LISTING = Listing(f"SELECT {', '.join(_ORDER)}, {_COLUMNS} FROM chat_webhooks", _ORDER)
_OF_CONVERSATION = (
    f"SELECT {_COLUMNS} FROM chat_webhooks WHERE conversation_sid = :sid ORDER BY created_ms, sid LIMIT 100"
)
_FIND = f"SELECT {_COLUMNS} FROM chat_webhooks WHERE conversation_sid = :conversation_sid AND sid = :sid"
_INSERT = f"INSERT INTO chat_webhooks ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in _FIELDS)})"
_SAVE = "UPDATE chat_webhooks SET configuration = :configuration, updated_ms = :updated_ms WHERE sid = :sid"
_DELETE = "DELETE FROM chat_webhooks WHERE sid = :sid"
_DELETE_ALL = "DELETE FROM chat_webhooks WHERE conversation_sid = :sid"
_COUNT = (
    "UPDATE chat_conversations SET webhooks = "
    "(SELECT count(*) FROM chat_webhooks WHERE conversation_sid = :sid) WHERE sid = :sid"
)


def of_conversation(tx: Tx, sid: str) -> list[ScopedWebhook]:
    """All of a conversation, the oldest first."""
    return [_row(row) for row in tx.all(_OF_CONVERSATION, {"sid": sid})]


def page(tx: Tx, sid: str, place: Cursor, size: int) -> tuple[list[ScopedWebhook], Slice]:
    """A page of them, and what lies beside it."""
    rows = slice_at(tx, _LISTING, "conversation_sid = :sid", {"sid": sid}, place, size)
    return [_row(row[len(_ORDER) :]) for row in rows.rows], rows


def find(tx: Tx, conversation_sid: str, sid: str) -> ScopedWebhook | None:
    """The one with this SID."""
    row = tx.one(_FIND, {"conversation_sid": conversation_sid, "sid": sid})
    return None if row is None else _row(row)


def insert(tx: Tx, hook: ScopedWebhook) -> None:
    """Store a fresh one."""
    tx.run(_INSERT, _values(hook))
    tx.run(_COUNT, {"sid": hook.conversation_sid})


def save(tx: Tx, hook: ScopedWebhook) -> None:
    """Store what may change of one."""
    tx.run(_SAVE, _values(hook))


def delete(tx: Tx, hook: ScopedWebhook) -> None:
    """Forget one."""
    tx.run(_DELETE, {"sid": hook.sid})
    tx.run(_COUNT, {"sid": hook.conversation_sid})


def delete_all(tx: Tx, conversation_sid: str) -> None:
    """Forget all of a conversation that ends."""
    tx.run(_DELETE_ALL, {"sid": conversation_sid})


def _values(hook: ScopedWebhook) -> dict[str, Any]:
    return msgspec.structs.asdict(hook) | {"configuration": msgspec.json.encode(hook.configuration).decode()}


def _row(row: Row) -> ScopedWebhook:
    values = dict(zip(_FIELDS, row, strict=True))
    values["configuration"] = msgspec.json.decode(values["configuration"], type=Configuration)
    return ScopedWebhook(**values)
