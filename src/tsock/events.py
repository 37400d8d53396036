"""What a committed transaction announces: facts that travel from the store to whoever listens."""

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False):
    """A change of one Sync object, as subscribers will see it.

    Events of one topic are announced in the order of their `seq`, which was committed with the state they
    describe.
    """

    topic: str
    """SID of the object."""
    service_sid: str
    """Whose the object is."""
    seq: int | None
    """The object's counter after this change; None for what is never stored (stream messages)."""
    kind: str
    """Event type on the wire, such as `map_item_added`."""
    body: bytes
    """The `event` member of the notification: one JSON object without raw line breaks."""
    origin: int | None = None
    """Number of the connection whose own Sync request caused it; that one gets no echo."""
    final: bool = False
    """Whether the object is gone with this event, and its subscriptions with it."""
