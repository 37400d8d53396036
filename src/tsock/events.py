"""What a committed transaction announces: facts that travel from the store to whoever listens.

There are five kinds: what subscribers are to see (`Event`), what somebody connected is told (`Notice`), a
change of what an identity may see (`Rights`), a change of the directory of accounts (`Change`), and work that
is due or done (`Work`). Who hears of which is decided in `announcements.py`. A sixth, `Signal`, is of no
transaction: nodes tell it to each other.
"""

from collections.abc import Sequence

import msgspec

Origin = tuple[str, int]
"""A connection: the node that holds it, and its number there."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """What every announcement is."""


class Event(Fact, frozen=True):
    """A change of one object, as subscribers will see it.

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
    message_type: str
    """Type of the notification that carries it live, such as `com.twilio.rtd.cds.map`."""
    body: bytes
    """The `event` member of the notification: one JSON object without raw line breaks."""
    origin: Origin | None = None
    """The connection whose own request caused it; that one gets no echo."""
    final: bool = False
    """Whether the object is gone with this event, and its subscriptions with it."""


class Rights(Fact, frozen=True):
    """What somebody may see has changed; concerns connections of that service only."""

    service_sid: str


class ReadRevoked(Rights, frozen=True):
    """An identity may no longer see an object: its deliveries stop at once, unannounced.

    Of a Sync service only while it has permissions on.
    """

    topic: str
    identity: str


class ReadGranted(Rights, frozen=True):
    """An identity may see an object: deliveries that were stopped go on where they did.

    Some clients do not ask for a subscription again that they never ended.
    """

    topic: str
    identity: str


class RoleLost(Rights, frozen=True):
    """Somebody may have a lesser service role than before: what it follows is looked at again."""

    identity: str | None
    """Whose; None is everybody's."""


class Notice(Fact, frozen=True):
    """What some identities are told who are connected; never stored."""

    account_sid: str
    service_sid: str
    """For connections to that service only."""
    identities: Sequence[str]
    message_type: str
    """Type of the notification, such as `twilio.ipmsg.typing_indicator`."""
    payload: bytes


class Change(Fact, frozen=True):
    """A new or changed record of the directory; each kind of record extends it."""


class Work(Fact, frozen=True):
    """Something that is to be done, or was; each kind of work extends it."""


class Signal(Fact, frozen=True):
    """What a node tells the others and nobody stores; each kind of signal extends it."""


class Replay(msgspec.Struct, frozen=True, gc=False):
    """The events that a subscriber missed, in ascending order, and how far they bring it."""

    events: list[Event]
    last_event_id: int
    """The object's counter when complete, otherwise the number of the last event in this chunk."""
    completed: bool
