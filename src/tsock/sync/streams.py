"""Streams: messages that are never stored, delivered at most once, in order."""

from tsock.storage.store import Tx
from tsock.sync import announce, roots
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.kinds import STREAM


def publish(tx: Tx, actor: Actor, sid_or_name: str, data: Json) -> str:
    """Publish a message to whoever is subscribed now, and give its SID; every valid token may.

    With nothing to store, a query is enough.

    Raises:
        ApiError: absent stream.
    """
    root = roots.find(tx, actor, STREAM, sid_or_name)
    sid = tx.sid("TZ")
    tx.emit(announce.message_published(root, sid, data, tx.date_ms, actor.connection))
    return sid
