"""Several nodes on one store: whatever snapshots show and announcements do, subscribers hear the truth.

The store is one sequence of commits. A read is answered late, with a snapshot that holds what was announced
on its node before it was asked for, and perhaps more. Announcements are carried to each node late, repeated,
in another order, or not at all; what is said of rights is never lost.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.support.waiting import Waiting
from tsock.events import Event, Fact, ReadRevoked, Replay
from tsock.gateway.hub import Hub
from tsock.gateway.mending import REORDER_S
from tsock.telemetry.metrics import Metrics

SERVICE = "IS"
OBJECTS = ("MPone", "MPother")
KEYS = "abc"


class Item(msgspec.Struct, frozen=True):
    created: int
    number: int
    value: int | None
    """None is a tombstone."""


class State(msgspec.Struct, frozen=True):
    """What the database holds after some commit."""

    items: dict[str, dict[str, Item]]
    counters: dict[str, int]
    """Of the objects that exist."""
    revoked: frozenset[tuple[str, int]] = frozenset()


class Snapshot:
    """The transaction of a query."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.seen: dict[str, int] = {}


class Truth:
    """All commits."""

    def __init__(self) -> None:
        self.states = [State({sid: {} for sid in OBJECTS}, dict.fromkeys(OBJECTS, -1))]
        self.commits: list[list[Fact]] = [[]]

    @property
    def now(self) -> State:
        return self.states[-1]

    @property
    def newest(self) -> int:
        return len(self.states) - 1

    def put(self, changes: list[tuple[str, str, int | None]]) -> None:
        items = {sid: dict(found) for sid, found in self.now.items.items()}
        counters = dict(self.now.counters)
        facts: list[Fact] = []
        for sid, key, value in changes:
            former = items[sid].get(key)
            is_there = former is not None and former.value is not None
            if sid not in counters or (value is None and not is_there):
                continue
            counters[sid] += 1
            created = former.created if is_there and former else counters[sid]
            items[sid][key] = Item(created, counters[sid], value)
            facts.append(event_of(sid, key, items[sid][key], is_new=not is_there))
        self._commit(facts, State(items, counters, self.now.revoked))

    def remove(self, sid: str) -> None:
        counters = dict(self.now.counters)
        number = counters.pop(sid) + 1
        self._commit([end_of(sid, number)], State(self.now.items, counters, self.now.revoked))

    def revoke(self, sid: str, number: int) -> None:
        revoked = self.now.revoked | {(sid, number)}
        state = State(self.now.items, self.now.counters, revoked)
        self._commit([ReadRevoked(SERVICE, sid, str(number))], state)

    def _commit(self, facts: list[Fact], state: State) -> None:
        self.states.append(state)
        self.commits.append(facts)


def event_of(sid: str, key: str, item: Item, *, is_new: bool) -> Event:
    kind = "removed" if item.value is None else "added" if is_new else "updated"
    told = {"sid": sid, "id": item.number, "kind": kind, "key": key, **msgspec.to_builtins(item)}
    return Event(sid, SERVICE, item.number, kind, "", msgspec.json.encode(told))


def end_of(sid: str, number: int) -> Event:
    body = msgspec.json.encode({"sid": sid, "id": number, "kind": "ended"})
    return Event(sid, SERVICE, number, "ended", "", body, final=True)


def since(state: State, sid: str, after: int, limit: int, known: int) -> Replay:
    """As `tsock.sync.replay`: each item at its latest change."""
    latest = sorted((item.number, key) for key, item in state.items[sid].items() if item.number > after)
    events: list[Event] = []
    for _, key in latest[:limit]:
        item = state.items[sid][key]
        events.append(event_of(sid, key, item, is_new=item.created > known))
    if len(latest) <= limit:
        return Replay(events, state.counters[sid], completed=True)
    return Replay(events, latest[limit - 1][0], completed=False)


def missed(tx: Any, sid: str, after: int, limit: int, known: int) -> Replay | None:
    return since(tx.state, sid, after, limit, known) if sid in tx.state.counters else None


class Memory:
    """What one client knows of one object, over all its connections."""

    def __init__(self) -> None:
        self.last = -1
        self.items: dict[str, int | None] = {}
        self.created: dict[str, int] = {}
        """Of each item that it was told of, the number it was made with."""
        self.ended = False

    def hear(self, told: dict[str, Any]) -> None:
        assert not self.ended
        assert told["id"] > self.last
        self.last = told["id"]
        if told["kind"] == "ended":
            self.ended = True
            return
        key, created = told["key"], told["created"]
        if told["kind"] != "removed":
            assert (self.created.get(key) != created) == (told["kind"] == "added")
        self.created[key] = created
        self.items[key] = told["value"]


class Connection:
    """One of a client."""

    def __init__(self, client: "Client") -> None:
        self.client = client
        self.number = client.number
        self.subscriptions: dict[str, Any] = {}
        self.withheld: dict[str, int] = {}
        self.pending: list[Any] = []
        self.wants: set[str] = set()
        """What the client was told that it follows."""
        self.busy: set[str] = set()
        """What it has asked to follow or no longer to follow."""
        self.is_gone = False

    def send(self, frame: bytes, /) -> None:
        for line in frame.splitlines():
            told = msgspec.json.decode(line)
            assert not self.is_gone
            assert (told["sid"], self.number) not in self.client.node.revoked
            self.client.memory[told["sid"]].hear(told)


class Client:
    def __init__(self, number: int, node: "Node") -> None:
        self.number = number
        self.node = node
        self.memory = {sid: Memory() for sid in OBJECTS}
        self.connection = Connection(self)


class Read(msgspec.Struct):
    """One that was asked for."""

    query: Callable[[Any], Any]
    done: Callable[[Any, Exception | None, Any], None]
    lane: Any
    floor: int
    """The oldest snapshot that it may be answered with."""


class Node:
    """A hub, and the store as this node sees it."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.waiting = Waiting()
        self.reads: list[Read] = []
        self.floor = 0
        """So much was announced here, or shown by an answer."""
        self.flying: list[int] = []
        """Commits on their way here."""
        self.has_lost = False
        self.revoked: set[tuple[str, int]] = set()
        """What was announced here."""
        store: Any = self
        self.hub = Hub(
            "n",
            Metrics(),
            lambda event: event.body + b"\n",
            store=store,
            missed=missed,
            end=end_of,
            deadlines=self.waiting.deadlines,
            now_s=self.waiting.now_s,
        )
        self.clients: list[Client] = []

    def read(self, query: Any, done: Any, *, lane: Any = None) -> None:
        self.reads.append(Read(query, done, lane, self.floor))

    def answerable(self) -> list[int]:
        """Places of the reads before which none of their lane waits."""
        lanes = [read.lane for read in self.reads]
        return [place for place, lane in enumerate(lanes) if lane is None or lane not in lanes[:place]]

    def answer(self, place: int, snapshot: int) -> None:
        read = self.reads.pop(place)
        tx = Snapshot(self.truth.states[max(snapshot, read.floor)])
        result = read.query(tx)
        self.floor = max(self.floor, snapshot, read.floor)
        read.done(result, None, tx.seen)

    def hear(self, commit: int, *, lost: bool = False) -> None:
        events = [fact for fact in self.truth.commits[commit] if isinstance(fact, Event)]
        for fact in self.truth.commits[commit]:
            if isinstance(fact, ReadRevoked):
                self.revoked.add((fact.topic, int(fact.identity)))
                self.floor = max(self.floor, commit)
                for client in self.clients:
                    if str(client.number) == fact.identity:
                        self.hub.withhold(client.connection, fact.topic)  # pyright: ignore[reportArgumentType]
        if events and lost:
            self.has_lost = True
        elif events:
            self.floor = max(self.floor, commit)
            self.hub.publish(events)

    def settle(self) -> None:
        """Everything that is on its way arrives."""
        while self.flying:
            self.hear(self.flying.pop(0))
        self.come_to_rest()

    def come_to_rest(self) -> None:
        """Every read is answered, with the oldest snapshot that may be, until nothing more is read."""
        for _ in range(100):
            self.waiting.pass_s(REORDER_S)
            if not self.reads:
                return
            while self.reads:
                self.answer(0, self.reads[0].floor)
        raise AssertionError("reads lead to reads")


class Nodes(RuleBasedStateMachine):
    """Two nodes with two clients each."""

    NODES = st.sampled_from([0, 1])
    CLIENTS = st.sampled_from(range(4))
    OBJECT = st.sampled_from(OBJECTS)

    def __init__(self) -> None:
        super().__init__()
        self.truth = Truth()
        self.nodes = [Node(self.truth), Node(self.truth)]
        self.clients = [Client(number, self.nodes[number % 2]) for number in range(4)]
        for client in self.clients:
            client.node.clients.append(client)

    @initialize()
    def all_follow_all(self) -> None:
        for number in range(4):
            self.subscribe(number, list(OBJECTS))
        for node in self.nodes:
            node.come_to_rest()

    # What happens in the database.

    @rule(
        changes=st.lists(
            st.tuples(OBJECT, st.sampled_from(KEYS), st.none() | st.integers(0, 99)), min_size=1, max_size=3
        )
    )
    def write(self, changes: list[tuple[str, str, int | None]]) -> None:
        self.truth.put(changes)
        self.announce()

    @precondition(lambda self: self.truth.newest > 4 and len(self.truth.now.counters) > 1)
    @rule(sid=OBJECT)
    def remove(self, sid: str) -> None:
        self.truth.remove(sid)
        self.announce()

    @precondition(lambda self: self.truth.newest > 4 and not self.truth.now.revoked)
    @rule(sid=OBJECT, number=CLIENTS)
    def revoke(self, sid: str, number: int) -> None:
        self.truth.revoke(sid, number)
        self.announce()

    def announce(self) -> None:
        for node in self.nodes:
            node.flying.append(self.truth.newest)

    # What happens between database and nodes.

    @rule(data=st.data(), number=NODES, fate=st.sampled_from(["carry", "carry", "carry", "repeat", "lose"]))
    def fly(self, data: st.DataObject, number: int, fate: str) -> None:
        """Of the two nodes only the second loses anything: what the first knows, it has without a check."""
        node = self.nodes[number]
        if node.flying:
            place = data.draw(st.integers(0, min(len(node.flying) - 1, 3)))
            commit = node.flying[place] if fate == "repeat" else node.flying.pop(place)
            node.hear(commit, lost=fate == "lose" and number == 1)

    @rule(number=NODES)
    def carry_all(self, number: int) -> None:
        node = self.nodes[number]
        while node.flying:
            node.hear(node.flying.pop(0))

    @rule()
    def lose_all(self) -> None:
        node = self.nodes[1]
        while node.flying:
            node.hear(node.flying.pop(0), lost=True)

    @rule(data=st.data(), number=NODES)
    def answer(self, data: st.DataObject, number: int) -> None:
        node = self.nodes[number]
        if node.reads:
            place = data.draw(st.sampled_from(node.answerable()))
            snapshot = st.integers(node.reads[place].floor, self.truth.newest)
            node.answer(place, data.draw(snapshot))

    @rule(number=NODES)
    def answer_all(self, number: int) -> None:
        node = self.nodes[number]
        for _ in range(len(node.reads)):
            node.answer(0, self.truth.newest)

    @rule(number=NODES)
    def wait(self, number: int) -> None:
        self.nodes[number].waiting.pass_s(REORDER_S)

    @rule(number=NODES)
    def check(self, number: int) -> None:
        node = self.nodes[number]
        sids = node.hub.followed()
        node.read(lambda tx: tx.state.counters, lambda found, error, seen: node.hub.check(sids, found))

    # What clients do.

    @rule(number=CLIENTS, sids=st.lists(OBJECT, min_size=1, unique=True))
    def subscribe(self, number: int, sids: list[str]) -> None:
        """As `SubscriptionHandlers` do."""
        client = self.clients[number]
        connection: Any = client.connection
        hub = client.node.hub
        # Who asks again from a number that it has passed meanwhile is told again, as it asked.
        sids = [sid for sid in sids if sid not in {*connection.busy, *connection.subscriptions}]
        connection.busy |= set(sids)
        pending = hub.ask(connection, sids)
        after = {sid: client.memory[sid].last for sid in sids}

        def query(tx: Snapshot) -> dict[str, Replay | None]:
            return {
                sid: since(tx.state, sid, after[sid], 1000, after[sid])
                if sid in tx.state.counters and (sid, number) not in tx.state.revoked
                else None
                for sid in sids
            }

        def done(found: dict[str, Replay | None], error: Exception | None, seen: object) -> None:
            if not connection.is_gone:
                for sid, replay in found.items():
                    if replay is None or not pending.stands(sid):
                        hub.leave(connection, sid)
                        connection.wants.discard(sid)
                    else:
                        for event in replay.events:
                            connection.send(event.body)
                        connection.wants.add(sid)
                        hub.join(connection, sid, replay.last_event_id, told=bool(replay.events))
            hub.answered(connection, pending)
            connection.busy -= set(sids)

        client.node.read(query, done, lane=connection)

    @rule(number=CLIENTS, sid=OBJECT)
    def cancel(self, number: int, sid: str) -> None:
        client = self.clients[number]
        connection: Any = client.connection

        if sid in connection.busy:
            return
        connection.busy.add(sid)

        def done(_: object, error: Exception | None, seen: object) -> None:
            client.node.hub.leave(connection, sid)
            connection.wants.discard(sid)
            connection.busy.discard(sid)

        client.node.read(lambda tx: None, done, lane=connection)

    @rule(number=CLIENTS, sid=OBJECT)
    def page(self, number: int, sid: str) -> None:
        """As the tunnel answers what shows an object."""
        client = self.clients[number]
        connection: Any = client.connection
        hub = client.node.hub

        def query(tx: Snapshot) -> None:
            if sid in tx.state.counters:
                tx.seen[sid] = tx.state.counters[sid]

        def leaves(seen: dict[str, int]) -> None:
            if sid in seen and sid in connection.subscriptions:
                # What is read has ended where not all of it can be had any longer.
                assert seen[sid] <= client.memory[sid].last or sid not in self.truth.now.counters

        def done(_: object, error: Exception | None, seen: Any) -> None:
            if hub.owes(connection, seen):
                hub.settle(connection, seen, lambda: leaves(seen))
            else:
                leaves(seen)

        client.node.read(query, done, lane=connection)

    @rule(number=CLIENTS)
    def reconnect(self, number: int) -> None:
        client = self.clients[number]
        connection: Any = client.connection
        connection.is_gone = True
        client.node.hub.leave_all(connection)
        client.connection = Connection(client)

    # What must be so in the end.

    def teardown(self) -> None:
        for node in self.nodes:
            node.settle()
            if not node.has_lost:
                self.all_know_the_truth(node)
            node.floor = self.truth.newest
            node.hub.check(node.hub.followed(), self.truth.now.counters)
            node.come_to_rest()
            self.all_know_the_truth(node)
            assert set(node.hub.followed()) <= set(self.truth.now.counters)

    def all_know_the_truth(self, node: Node) -> None:
        for client in node.clients:
            connection = client.connection
            assert not connection.pending
            for sid in OBJECTS:
                memory, counter = client.memory[sid], self.truth.now.counters.get(sid)
                is_forbidden = (sid, client.number) in self.truth.now.revoked
                if is_forbidden or counter is None:
                    assert sid not in connection.subscriptions
                    assert counter is not None or is_forbidden or memory.ended or sid not in connection.wants
                elif sid in connection.wants:
                    assert sid in connection.subscriptions
                    assert memory.last == counter
                    stored = {key: item.value for key, item in self.truth.now.items[sid].items()}
                    assert {key: value for key, value in memory.items.items() if value is not None} == {
                        key: value for key, value in stored.items() if value is not None
                    }


TestNodes = Nodes.TestCase
TestNodes.settings = settings(max_examples=150, stateful_step_count=50)
