"""One other node, as it is heard: in which order, since when not, and what it says in parts."""

from collections.abc import Sequence

from tsock.bus.message import Advanced, Reader, Received
from tsock.bus.order import Arrival, Order
from tsock.events import Event, Fact

PARTS_BYTES_MAX = 8 * 1024 * 1024
"""A fact that comes in parts is given up beyond it."""


class Peer:
    """What has come of one node."""

    def __init__(self, first: int, now_s: float) -> None:
        self.heard_s = now_s
        """When it was last heard, by the monotonic clock."""
        self.is_silent = False
        self._order = Order(first)
        self._parts = list[bytes]()

    def take(self, message: Received, reader: Reader) -> tuple[Arrival, Sequence[Fact]]:
        """How its next message arrived, and the facts that it brings."""
        arrival = self._order.take(message.number)
        if arrival == "repeat":
            return arrival, ()
        if arrival == "late":
            return arrival, [fact for fact in reader.facts(message.facts) if _is_numbered(fact)]
        if arrival == "gap" or not message.parts:
            self._parts.clear()
        return arrival, self._joined(message, reader) if message.parts else reader.facts(message.facts)

    def _joined(self, message: Received, reader: Reader) -> Sequence[Fact]:
        if message.place != len(self._parts) or sum(map(len, self._parts)) > PARTS_BYTES_MAX:
            return ()
        self._parts.append(message.part)
        if len(self._parts) < message.parts:
            return ()
        parts, self._parts = self._parts, []
        return reader.joined(parts)


def _is_numbered(fact: Fact) -> bool:
    """Whether its receiver can tell by its object's number that it comes late."""
    return isinstance(fact, Advanced) or (isinstance(fact, Event) and fact.seq is not None)
