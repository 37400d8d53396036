"""A hub by itself: a store that answers when a test says so, and subscribers that note what they hear."""

from collections.abc import Callable
from typing import Any

import msgspec

from tests.support.sync_world import ACCOUNT, NOON_MS, SERVICE, World, json
from tests.support.waiting import Waiting
from tsock.events import Event
from tsock.gateway.hub import Hub
from tsock.gateway.websocket import Send
from tsock.storage.store import Fetched, Tx
from tsock.sync import announce, maps, replay, roots
from tsock.sync.actor import Actor
from tsock.sync.kinds import MAP
from tsock.telemetry.metrics import Metrics


class Reads:
    """A store whose reads wait for a commit, or not.

    Query and reply run in one piece; or, where it answers late, with what there was when it was asked.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.waiting: list[tuple[Callable[[], Any], Fetched]] = []
        self.error: Exception | None = None
        self.committing = True
        self.answers_late = False

    def read(self, query: Callable[[Tx], Any], done: Fetched) -> None:
        if self.answers_late:
            found = self._world(query)
            self.waiting.append((lambda: found, done))
        else:
            self.waiting.append((lambda: self._world(query), done))
        if not self.committing:
            self.answer()

    def answer(self) -> None:
        query, done = self.waiting.pop(0)
        if self.error is not None:
            done(None, self.error, {})
        else:
            done(query(), None, {})

    def answer_all(self) -> None:
        while self.waiting:
            self.answer()


class Listener:
    """A subscriber that applies what it hears as clients do: per item, what is older is ignored."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.send: Send = self.receive
        self.subscriptions: dict[str, Any] = {}
        self.withheld: dict[str, int] = {}
        self.pending: list[Any] = []
        self.heard: list[dict[str, Any]] = []
        self.pieces: list[bytes] = []
        self.last = -1
        self.gone = False
        self.known: dict[str, tuple[int, Any]] = {}

    def receive(self, frame: bytes, /) -> None:
        self.pieces.append(frame)
        for told in frame.splitlines():
            self.hear(msgspec.json.decode(told))

    def hear(self, told: dict[str, Any]) -> None:
        assert not self.gone
        self.heard.append(told)
        if "id" not in told:
            return
        assert told["id"] > self.last
        self.last = told["id"]
        if "item_key" in told:
            # A removal says nothing of an expiry.
            data = told["item_data"] if "date_expires" in told else None
            self.know(told["item_key"], told["id"], data)
        else:
            self.gone = True

    def know(self, key: str, number: int, data: Any) -> None:
        if number >= self.known.get(key, (-1, None))[0]:
            self.known[key] = (number, data)

    @property
    def items(self) -> dict[str, Any]:
        return {key: data for key, (_, data) in self.known.items() if data is not None}


class Told:
    """A subscriber that notes each line as it is."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.subscriptions: dict[str, Any] = {}
        self.withheld: dict[str, int] = {}
        self.pending: list[Any] = []
        self.told: list[str] = []

    def send(self, frame: bytes, /) -> None:
        self.told += frame.decode().splitlines()


def line(event: Event) -> bytes:
    """Stands for a frame."""
    return event.body + b"\n"


def actor(connection: int | None) -> Actor:
    origin = None if connection is None else ("n", connection)
    return Actor(ACCOUNT, SERVICE, "somebody", connection=origin)


def hub_on(reads: Any, waiting: Waiting, frame: Callable[[Event], bytes] = line) -> Hub:
    return Hub(
        "n",
        Metrics(),
        frame,
        store=reads,
        missed=replay.of_object,
        end=lambda sid, number: announce.root_gone(sid, number, NOON_MS),
        deadlines=waiting.deadlines,
        now_s=waiting.now_s,
    )


class Carried:
    """A map, its events, and the numbers by which a test calls them."""

    def __init__(self, world: World, writer: int | None = None) -> None:
        self.root = world(roots.create, actor(writer), MAP)
        self.events: list[Event] = []
        self._world = world
        self._writer = actor(writer)

    def put(self, *numbers: int) -> None:
        for number in numbers:
            self._world(maps.put, self._writer, self.root.sid, f"k{number}", json(n=number))
        self.events += self._world.heard()

    def remove(self) -> None:
        self._world(roots.remove, self._writer, MAP, self.root.sid)
        self.events += self._world.heard()


def numbers(listener: Listener) -> list[int]:
    return [told["id"] for told in listener.heard]
