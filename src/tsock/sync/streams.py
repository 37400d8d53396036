"""Streams: messages never stored, delivered at most once, in order (`protocol/sync.md`, Delivery)."""

import msgspec

from tsock.events import Event
from tsock.storage.store import Tx
from tsock.sync import announce, roots
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.kinds import STREAM


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message on its way."""

    sid: str
    event: Event
    """For the caller to hand to the subscribers: with nothing to store, a query is enough to publish."""


def publish(tx: Tx, actor: Actor, sid_or_name: str, data: Json) -> Message:
    """Make a message of a stream; every valid token may.

    Raises:
        ApiError: absent stream.
    """
    root = roots.find(tx, actor, STREAM, sid_or_name)
    sid = tx.sid("TZ")
    return Message(sid, announce.message_published(root, sid, data, tx.now_ms, actor.connection))
