"""The outbox: webhooks are written in the transaction that makes the change, and sent after it."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from tsock.storage.store import Tx

Kind = Literal["sync", "debugger"]


class Post(msgspec.Struct, frozen=True, gc=False):
    """What is to be sent."""

    account_sid: str
    """Whose Auth Token signs it."""
    service_sid: str | None
    kind: Kind
    event_type: str
    topic: str
    """Posts of one topic leave in the order in which they were put."""
    url: str
    """As configured, fragment included."""
    parameters: Mapping[str, str]
    """Form parameters; one without a value is left out (`rest.md` 8.1)."""


_PUT = (
    "INSERT INTO webhook_deliveries (sid, account_sid, service_sid, kind, event_type, topic, url, parameters, "
    "created_ms, attempts, next_ms) VALUES (:sid, :account_sid, :service_sid, :kind, :event_type, :topic, "
    ":url, :parameters, :now_ms, 0, :now_ms)"
)


class Posted(msgspec.Struct, frozen=True, gc=False):
    """The fact that a delivery was put, so that the sender need not look for it."""

    sid: str


def put(tx: Tx, post: Post) -> None:
    """Have `post` delivered once this transaction is committed, and not without it."""
    sid = tx.sid("WD")
    tx.run(
        _PUT,
        {
            **msgspec.structs.asdict(post),
            "parameters": msgspec.json.encode(post.parameters).decode(),
            "sid": sid,
            "now_ms": tx.now_ms,
        },
    )
    tx.emit(Posted(sid))
