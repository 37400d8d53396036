"""What a deleted service leaves, in chunks; its Sync objects are removed as those of any other."""

from tsock.conversations import media
from tsock.storage.store import Tx

_KEYS = {
    "chat_invites": "sid",
    "chat_participants": "conversation_sid, sid",
    "chat_conversations": "sid",
    "chat_users": "service_sid, identity",
    "chat_roles": "sid",
    "chat_receipts": "sid",
    "chat_bindings": "sid",
    "chat_pushes": "number",
    "chat_presence": "service_sid, identity, node",
    "chat_webhooks": "sid",
    "chat_mutations": "service_sid, identity, mutation_id",
}
"""The tables with rows of a service, each with its key."""


def remove_content(tx: Tx, service_sid: str, limit: int) -> bool:
    """Delete up to `limit` rows of a table; whether more may be left."""
    if media.release_of_service(tx, service_sid, limit):
        return True
    return any(_remove(tx, table, service_sid, limit) for table in _KEYS)


def _remove(tx: Tx, table: str, service_sid: str, limit: int) -> int:
    key = _KEYS[table]
    return tx.count(
        f"DELETE FROM {table} WHERE ({key}) IN "
        f"(SELECT {key} FROM {table} WHERE service_sid = :service_sid LIMIT :limit)",
        {"service_sid": service_sid, "limit": limit},
    )
