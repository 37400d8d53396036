"""Writers that change objects at random, and what the store holds once they are done."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, NamedTuple

from tests.simulation.client import Connection, Lost, Reply, connected, outcome
from tests.simulation.views import Change, History, Key, View

SEGMENTS = {"document": "Documents", "list": "Lists", "map": "Maps"}


class Target(NamedTuple):
    """An object to write to; of an `append_only` list, items are never changed or removed."""

    sid: str
    kind: str
    append_only: bool = False

    @property
    def path(self) -> str:
        return f"/v3/{SEGMENTS[self.kind]}/{self.sid}"


async def make_targets(connection: Connection, each: int) -> list[Target]:
    """So many documents, lists, lists that are only appended to, and maps."""
    targets: list[Target] = []
    for kind, append_only in (("document", False), ("list", False), ("list", True), ("map", False)):
        for _ in range(each):
            made = (await connection.post(f"/v3/{SEGMENTS[kind]}", {})).ok(201)
            targets.append(Target(made["sid"], kind, append_only))
    return targets


class _Write(NamedTuple):
    """A request and what it is going to change."""

    target: Target
    method: str
    path: str
    key: Key
    data: Any


class Writer:
    """One client that writes, in bursts.

    Where the store may be away, it may be told that whether a write was stored is unknown.
    """

    def __init__(
        self,
        name: str,
        chance: Random,
        targets: list[Target],
        history: History,
        *,
        store_may_be_away: bool = False,
    ) -> None:
        self.name = name
        self.acknowledged = 0
        self._chance = chance
        self._targets = targets
        self._history = history
        self._store_may_be_away = store_may_be_away
        self._written = 0
        self._mine: dict[str, list[int]] = {target.sid: [] for target in targets}
        """Indexes of items that this writer pushed."""

    async def run(
        self, uri: str, token: str, *, burst: int, enough: Callable[[], bool] = lambda: False
    ) -> None:
        """Connect, and write up to `burst` requests at a time, until it is enough or the connection lost."""
        try:
            async with connected(uri, token) as connection:
                while not enough():
                    await self.write(connection, self._chance.randint(1, burst))
        except Lost:
            pass

    async def write(self, connection: Connection, count: int) -> None:
        """Send some requests at once, then wait for their replies.

        Raises:
            Lost: the connection is gone.
        """
        writes = [self._draw() for _ in range(count)]
        replies = [
            await connection.send(
                write.method, write.path, None if write.data is None else {"data": write.data}
            )
            for write in writes
        ]
        for write, reply in zip(writes, replies, strict=True):
            self._answered(write, await outcome(reply))

    def _draw(self) -> _Write:
        target = self._chance.choice(self._targets)
        self._written += 1
        data = {"by": self.name, "n": self._written, "filler": "x" * self._chance.randint(0, 200)}
        if target.kind == "document":
            return _Write(target, "POST", target.path, None, data)
        items = f"{target.path}/Items"
        what = self._chance.random()
        if target.kind == "map":
            owner = self.name if self._chance.random() < 0.7 else "shared"
            key = f"{owner}/{self._chance.randrange(20)}"
            method, data = ("DELETE", None) if what < 0.25 else ("PUT", data)
            return _Write(target, method, f"{items}/{key.replace('/', '%2F')}", key, data)
        mine = self._mine[target.sid]
        if target.append_only or not mine or what < 0.6:
            return _Write(target, "POST", items, None, data)
        index = self._chance.choice(mine)
        method, data = ("DELETE", None) if what < 0.8 else ("POST", data)
        return _Write(target, method, f"{items}/{index}", index, data)

    def _answered(self, write: _Write, reply: Reply) -> None:
        if reply.status == 404:  # a removal, or an update, of what is removed already
            return
        if reply.status == 503 and self._store_may_be_away:
            return
        assert reply.status in (200, 201), reply
        answer = reply.ok(reply.status)
        key = write.key
        if key is None and write.target.kind == "list":
            key = answer["index"]
            self._mine[write.target.sid].append(key)
        self._history.note(write.target.sid, answer["last_event_id"], Change(key, write.data))
        self.acknowledged += 1


PAGE_SIZE = "50"
"""As many items as fit into one packet, however large each is."""


async def stored(connection: Connection, target: Target) -> tuple[int, dict[Key, tuple[int, Any]]]:
    """An object's counter, and what it holds: event and data of each item."""
    root = (await connection.get(target.path)).ok()
    counter = root["last_event_id"]
    if target.kind == "document":
        return counter, {None: (counter, root["data"])}
    name = "index" if target.kind == "list" else "key"
    items: dict[Key, tuple[int, Any]] = {}
    params: dict[str, str] = {}
    while True:
        page = (await connection.get(f"{target.path}/Items", page_size=PAGE_SIZE, **params)).ok()
        items |= {item[name]: (item["last_event_id"], item["data"]) for item in page["items"]}
        if page["meta"]["next_token"] is None:
            return counter, items
        params = {"from_": str(page["items"][-1][name]).replace("/", "%2F"), "bounds": "exclusive"}


async def require_agreement(
    connection: Connection, targets: Iterable[Target], history: History, views: Iterable[View]
) -> None:
    """Fail unless the store holds all that was ever told, and each view what the store holds."""
    found = {target.sid: await stored(connection, target) for target in targets}
    for sid, (counter, state) in found.items():
        assert max(history.of(sid), default=-1) <= counter, f"{sid} went back to {counter}"
        assert history.state(sid) == state, sid
    for view in views:
        counter, state = found[view.sid]
        assert view.last_event_id == counter, f"{view} while the store is at {counter}"
        assert view.state == state, view


def require_every_item_once(view: View) -> None:
    """Fail unless a subscriber of an append-only list heard of every item, once, in order."""
    assert view.arrivals == list(range(len(view.state))), view
