"""The bus of one node: it publishes the node's facts, and hears those of the others.

All facts of one turn of the event loop are one message. Whatever may have been lost is told as a reason to
check the counters in the database; the facts themselves may then come late, or never.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from tsock.bus.link import Link, Standing
from tsock.bus.message import Reader, Received, Writer
from tsock.bus.peer import Peer
from tsock.bus.transport import Transport
from tsock.clock import Clock
from tsock.deadlines import Deadline, Deadlines
from tsock.events import Fact

HEARTBEAT_S = 1.0
"""A node that published nothing for so long says that it is there."""
SILENCE_S = 4 * HEARTBEAT_S
"""A node that was not heard for so long may be dead."""
GONE_S = 60.0
"""A node that was not heard for so long is forgotten."""
BACKGROUND_S = 60.0
"""Counters are checked so often although nothing seems to be lost."""

Why = Literal["connected", "away", "gap", "unreadable", "came", "silence", "background"]
"""What makes a look at the counters worth while: the connection stands again; there is none (each second);
messages of a node are missing; one could not be read; a node was heard for the first time; a node is silent;
some time has passed."""

Presence = Literal["here", "silent", "gone"]
"""A node was heard for the first time or again; it may be dead; it left, or is given up."""


class Receiver(Protocol):
    """Whoever acts on what other nodes say; on the event loop, and never raises."""

    def hear(self, node: str, facts: Sequence[Fact]) -> None:
        """Take facts of another node, in the order in which it published them.

        What comes late, behind what was told as a gap, is delivered where it has a number of its object
        (`Event` with a `seq`, `Advanced`); everything else would undo what came since, and is dropped.
        """
        ...

    def check(self, why: Why) -> None:
        """Compare the counters of what is followed here with the database's: something may have been lost.

        Comes in bursts: one look answers all that was said before it.
        """
        ...

    def noticed(self, node: str, presence: Presence) -> None:
        """Another node comes or goes."""
        ...


class Figures(msgspec.Struct):
    """What has passed since the start, in messages unless it says facts."""

    published: int = 0
    facts_published: int = 0
    heard: int = 0
    facts_heard: int = 0
    gaps: int = 0
    """How often numbers of a node were missing when the next one came."""
    repeats: int = 0
    late: int = 0


class State(msgspec.Struct, frozen=True):
    """What an operator is told."""

    standing: Standing
    lag_s: float | None
    """How long the server took to answer the latest probe; None while there is no connection."""
    waiting_bytes: int
    dropped: int
    """Own messages given up since too much waited."""
    unreadable: int
    """Messages of others that could not be read."""
    unknown: int
    """Facts of others of a kind or form that is not known here."""
    silent: Sequence[str]
    """Nodes that may be dead."""
    peers: int
    """Other nodes, silent ones included."""


class Bus:
    """One node's part in it."""

    def __init__(
        self,
        node: str,
        transport: Transport,
        receiver: Receiver,
        *,
        clock: Clock,
        deadlines: Deadlines,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Publish as `node`.

        Args:
            node: a name of at most 64 bytes that no other start of a node has.
            transport: what carries it.
            receiver: hears of the others.
            clock: measures silence, dates the state.
            deadlines: for all that is waited for.
            chance: draws from 0 up to 1, for the waits between attempts to connect.
        """
        self._node = node
        self._receiver = receiver
        self._clock = clock
        self._deadlines = deadlines
        self._writer = Writer(node, transport.payload_max)
        self._reader = Reader()
        self._link = Link(
            transport, self._hear, self._turned, clock=clock, deadlines=deadlines, chance=chance
        )
        self._peers = dict[str, Peer]()
        self._turn = list[Fact]()
        self._has_spoken = False
        self._timers = dict[str, Deadline]()
        self.figures = Figures()

    def start(self) -> None:
        """Begin to connect, and to hear."""
        self._link.start()
        self._beat()
        self._look_behind()

    def publish(self, facts: Sequence[Fact]) -> None:
        """Tell every other node, at the end of this turn of the event loop."""
        if not self._turn:
            asyncio.get_running_loop().call_soon(self._publish_turn)
        self._turn += facts

    async def close(self) -> None:
        """Say goodbye, and let go of the server."""
        self._publish_turn()
        self._link.send([self._writer.heartbeat(leaves=True)])
        for timer in self._timers.values():
            timer.cancel()
        await self._link.close()

    @property
    def state(self) -> State:
        """What an operator is told."""
        return State(
            standing=self._link.standing,
            lag_s=self._link.lag_s,
            waiting_bytes=self._link.waiting_bytes,
            dropped=self._link.dropped,
            unreadable=self._reader.unreadable,
            unknown=self._reader.unknown,
            peers=len(self._peers),
            silent=[node for node, peer in self._peers.items() if peer.is_silent],
        )

    def _publish_turn(self) -> None:
        if not self._turn:
            return
        facts, self._turn = self._turn, []
        payloads = list(self._writer.batch(facts))
        self.figures.published += len(payloads)
        self.figures.facts_published += len(facts)
        self._has_spoken = True
        self._link.send(payloads)

    def _turned(self) -> None:
        if self._link.standing.down is not None:
            self._receiver.check("away")
            return
        for peer in self._peers.values():
            peer.heard_s = self._clock.monotonic_s()
        self._link.send([self._writer.heartbeat()])
        self._receiver.check("connected")

    def _hear(self, payload: bytes) -> None:
        message = self._reader.message(payload)
        if message is None:
            self._receiver.check("unreadable")
        elif message.node != self._node:
            self._hear_peer(message)

    def _hear_peer(self, message: Received) -> None:
        node = message.node
        peer = self._peers.get(node)
        if peer is None:
            peer = self._peers[node] = Peer(message.number, self._clock.monotonic_s())
            self._receiver.noticed(node, "here")
            self._receiver.check("came")
        elif peer.is_silent:
            peer.is_silent = False
            self._receiver.noticed(node, "here")
        peer.heard_s = self._clock.monotonic_s()
        arrival, facts = peer.take(message, self._reader)
        self.figures.heard += 1
        self.figures.facts_heard += len(facts)
        if arrival == "gap":
            self.figures.gaps += 1
            self._receiver.check("gap")
        elif arrival == "late":
            self.figures.late += 1
        elif arrival == "repeat":
            self.figures.repeats += 1
        if facts:
            self._receiver.hear(node, facts)
        if message.leaves:
            self._forget(node)

    def _beat(self) -> None:
        self._timers["beat"] = self._deadlines.after(HEARTBEAT_S, self._beat)
        if self._link.standing.down is not None:
            self._receiver.check("away")
            return
        if not self._has_spoken:
            self._link.send([self._writer.heartbeat()])
        self._has_spoken = False
        self._link.probe()
        for node, peer in list(self._peers.items()):
            self._judge(node, peer, self._clock.monotonic_s() - peer.heard_s)

    def _judge(self, node: str, peer: Peer, silent_s: float) -> None:
        if silent_s >= GONE_S:
            self._forget(node)
        elif silent_s >= SILENCE_S and not peer.is_silent:
            peer.is_silent = True
            self._receiver.noticed(node, "silent")
            self._receiver.check("silence")

    def _forget(self, node: str) -> None:
        del self._peers[node]
        self._receiver.noticed(node, "gone")

    def _look_behind(self) -> None:
        self._timers["look"] = self._deadlines.after(BACKGROUND_S, self._look_behind)
        self._receiver.check("background")
