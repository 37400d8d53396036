"""Replies that wait until their client has worked through the events that were sent before.

A JS client acknowledges an event as it reads it, but works through it behind a timer, while it works through
a reply at once. Were a page read together with the event of what it shows, it would come first, and the SDK
would take the event for a repeat and tell nobody. So behind the events goes a ping. Its acknowledgement says
that they were read, and soon their timers are due. That these have fired, too, the acknowledgement of a
second ping says: whatever the client reads after that, it reads in a later turn of its loop.
"""

from collections.abc import Callable

from tsock.deadlines import Deadline
from tsock.gateway.context import Context
from tsock.wire import packets

UNDERWAY_S = 2.0
"""How long an event may be on its way to a client that still asks for something, and a ping is waited for."""

TIMERS_S = 0.005
"""In that time a client's shortest timers are due: 1 ms in Node, at most 4 ms in a browser."""


class HeldReplies:
    """Those of one connection, each behind pings of its own."""

    __slots__ = ("_context", "_send", "_waiting")

    def __init__(self, context: Context, send: Callable[[bytes], None]) -> None:
        """`send` sends one packet."""
        self._context = context
        self._send = send
        self._waiting: dict[str, tuple[bytes, Callable[[str], None], Deadline]] = {}
        """By the id of the ping: the reply, what follows the acknowledgement, and what happens without it."""

    def hold(self, packet: bytes) -> None:
        """Send `packet` when the client has worked through what was sent by now.

        As many wait as there may be requests in flight; beyond that, one goes at once.
        """
        if len(self._waiting) >= self._context.settings.requests_in_flight_max:
            self._let_go(next(iter(self._waiting)))
        self._ping(packet, self._await_timers)

    def acknowledged(self, packet_id: str) -> None:
        """The client has read the packet with this id, and all before it."""
        if packet_id in self._waiting:
            _, then, _ = self._waiting[packet_id]
            then(packet_id)

    def let_all_go(self) -> None:
        """Send whatever waits."""
        for ping_id in list(self._waiting):
            self._let_go(ping_id)

    def _ping(self, packet: bytes, then: Callable[[str], None]) -> None:
        # An acknowledgement is read only where the id has another length than all others (`wire/acks.py`).
        ping_id = f"{self._context.packet_id()}0"
        self._send(packets.ping(ping_id))
        deadline = self._context.deadlines.after(UNDERWAY_S, lambda: self._let_go(ping_id))
        self._waiting[ping_id] = packet, then, deadline

    def _await_timers(self, ping_id: str) -> None:
        packet, _, deadline = self._waiting[ping_id]
        deadline.cancel()
        deadline = self._context.deadlines.after(TIMERS_S, lambda: self._ping_again(ping_id))
        self._waiting[ping_id] = packet, _nothing, deadline

    def _ping_again(self, ping_id: str) -> None:
        packet, _, _ = self._waiting.pop(ping_id)
        self._ping(packet, self._let_go)

    def _let_go(self, ping_id: str) -> None:
        packet, _, deadline = self._waiting.pop(ping_id)
        deadline.cancel()
        self._send(packet)


def _nothing(ping_id: str) -> None:
    """What follows when a ping is acknowledged once more."""
