"""A message of the bus: the facts of one turn of a node's event loop, or a part of one that is too large.

MessagePack, read in the order of `Message`. Nodes of two neighbouring versions hear each other: what a later
version adds goes to the end and has a default, and a fact of a kind that is not known here is left out.
"""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

import msgspec
import structlog

from tsock.events import Event, Fact

log = structlog.get_logger(__name__)

F = TypeVar("F")

VERSION = 1
PART_OVERHEAD_BYTES = 128
"""What a message holds beside a part, at most: the name of a node has no more than 64 bytes."""
TOLD_MAX = 100
"""So many lines of log about what cannot be read, each once."""
MALFORMED = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises for bytes that are something else."""


class Advanced(Fact, frozen=True):
    """An object has come to this number by an event too large for the bus: it is fetched from the store."""

    topic: str
    service_sid: str
    seq: int


class Message(msgspec.Struct, Generic[F], frozen=True, array_like=True, gc=False):
    """What one node says at once; its facts are `Fact` when written, not decoded yet when read."""

    version: int
    node: str
    number: int
    """Counts the messages of the node from 1, lost ones included."""
    facts: list[tuple[str, F]] = []
    """Kind and content of each; none in a heartbeat."""
    part: bytes = b""
    """Of the MessagePack of one fact, as in `facts`, that fills several messages."""
    place: int = 0
    """Which part it is, from 0."""
    parts: int = 0
    """How many there are."""
    leaves: bool = False
    """Whether the node says nothing more."""


Received = Message[msgspec.Raw]


class Writer:
    """Makes the messages of one node."""

    def __init__(self, node: str, payload_max: int) -> None:
        """Messages of `node` with at most `payload_max` bytes each."""
        self._node = node
        self._payload_max = payload_max
        self._part_max = payload_max - PART_OVERHEAD_BYTES
        self._encode = msgspec.msgpack.Encoder().encode
        self._number = 0

    def heartbeat(self, *, leaves: bool = False) -> bytes:
        """The message of a node with nothing to say, or with nothing more to say."""
        self._number += 1
        return self._encode(Message[Fact](VERSION, self._node, self._number, leaves=leaves))

    def batch(self, facts: Sequence[Fact]) -> Iterator[bytes]:
        """One message of these facts; several where one would be too large."""
        named = [(type(fact).__name__, fact) for fact in facts]
        payload = self._encode(Message[Fact](VERSION, self._node, self._number + 1, named))
        if len(payload) <= self._payload_max:
            self._number += 1
            yield payload
        elif len(facts) > 1:
            half = len(facts) // 2
            yield from self.batch(facts[:half])
            yield from self.batch(facts[half:])
        else:
            yield from self._large(facts[0])

    def _large(self, fact: Fact) -> Iterator[bytes]:
        if isinstance(fact, Event) and fact.seq is not None:
            yield from self.batch([Advanced(fact.topic, fact.service_sid, fact.seq)])
            return
        content = self._encode((type(fact).__name__, fact))
        cuts = range(0, len(content), self._part_max)
        for place, start in enumerate(cuts):
            self._number += 1
            part = content[start : start + self._part_max]
            yield self._encode(
                Message[Fact](VERSION, self._node, self._number, part=part, place=place, parts=len(cuts))
            )


class Reader:
    """Reads the messages of all nodes; what cannot be read is counted and never an error."""

    def __init__(self) -> None:
        self._decode = msgspec.msgpack.Decoder(Message[msgspec.Raw]).decode
        self._decode_fact = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw]).decode
        self._decoders = {kind.__name__: msgspec.msgpack.Decoder(kind).decode for kind in kinds()}
        self._told = set[str]()
        self.unreadable = 0
        """Messages that were none."""
        self.unknown = 0
        """Facts of a kind or form that is not known here."""

    def message(self, payload: bytes) -> Received | None:
        """The message of these bytes, which may be anything; None where it is none."""
        try:
            message = self._decode(payload)
        except MALFORMED:
            message = None
        if message is None or message.version != VERSION or message.number < 1:
            self.unreadable += 1
            self._tell_once("unreadable message on the bus")
            return None
        return message

    def facts(self, content: Sequence[tuple[str, msgspec.Raw]]) -> list[Fact]:
        """Those of the facts that are known here."""
        found = list[Fact]()
        for kind, raw in content:
            try:
                found.append(self._decoders[kind](raw))
            except (KeyError, *MALFORMED):
                self.unknown += 1
                self._tell_once(f"facts of a kind or form unknown here on the bus: {kind[:64]}")
        return found

    def joined(self, parts: Sequence[bytes]) -> list[Fact]:
        """The fact that came in these parts, if it is known here."""
        try:
            return self.facts([self._decode_fact(b"".join(parts))])
        except MALFORMED:
            self.unreadable += 1
            return []

    def _tell_once(self, what: str) -> None:
        if what not in self._told and len(self._told) < TOLD_MAX:
            self._told.add(what)
            log.warning(what, meaning="another version of tsock is on the bus, or somebody else")


def kinds() -> list[type[Fact]]:
    """Every class of facts that this process has loaded; on the bus each goes by its name."""
    found = list[type[Fact]]()
    open_ = [Fact]
    while open_:
        kind = open_.pop()
        found.append(kind)
        open_ += kind.__subclasses__()
    return found
