"""Documents, lists and maps against a dict, and every subscriber against the store.

A live subscriber hears each event once, in order, without a gap. One that goes away keeps what it knew; when
it comes back it replays from there, in chunks, and goes on live. After each sweep all of them, the store and
the dict must agree.
"""

import copy
from dataclasses import dataclass, field

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.sync_world import ALICE, World, body, json
from tsock.errors import ApiError
from tsock.events import Event
from tsock.sync import documents, expiry, items, lists, maps, pages, replay, roots
from tsock.sync.kinds import DOCUMENT, LIST, MAP, Kind
from tsock.sync.pages import Query

Key = int | str

KINDS = st.sampled_from([DOCUMENT, LIST, MAP])
COLLECTIONS = st.sampled_from([LIST, MAP])
NAMES = st.sampled_from(["one", "two"])
NUMBERS = st.integers(min_value=0, max_value=999)
INDEXES = st.integers(min_value=0, max_value=2)
TTLS = st.sampled_from([None, 0, 10])


@dataclass
class Entry:
    """A number and when it goes."""

    number: int
    expires_ms: int | None = None


@dataclass
class Expected:
    """What a root must contain."""

    sid: str
    own: Entry
    entries: dict[Key, Entry] = field(default_factory=dict)
    next_index: int = 0


@dataclass
class View:
    """What a client knows of one object, from its first state and from events alone."""

    sid: str
    last: int
    own: int
    entries: dict[Key, int] = field(default_factory=dict)
    gone: bool = False

    def apply(self, event: Event) -> None:
        told = body(event)
        assert event.seq is not None
        assert event.seq == told["id"] > self.last
        assert not self.gone
        self.last = event.seq
        key = told.get("item_index", told.get("item_key"))
        match event.kind.split("_", 1)[1]:
            case "updated":
                self.own = told["document_data"]["n"]
            case "context_updated":
                self.own = told["context_data"]["n"]
            case "item_added" | "item_updated":
                self.entries[key] = told["item_data"]["n"]
            case "item_removed":
                self.entries.pop(key, None)
            case "removed":
                self.gone = True

    def apply_live(self, event: Event) -> None:
        """As `apply`, with nothing missed since the last one."""
        assert event.seq == self.last + 1
        self.apply(event)

    def expect(self, event: Event) -> None:
        """Check an event against what one knows who has never been away."""
        told = body(event)
        known = self.entries.get(told.get("item_index", told.get("item_key")))
        change = event.kind.rpartition("_")[2]
        if "_item_" in event.kind:
            assert (known is None) == (change == "added")
            assert change != "removed" or told["item_data"]["n"] == known


class SyncModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.model: dict[tuple[Kind, str], Expected] = {}
        self.live: dict[str, list[View]] = {}
        self.away: list[View] = []

    # Roots

    @initialize()
    def create_all(self) -> None:
        for kind in (DOCUMENT, LIST, MAP):
            self.create(kind, "one", 0, None)

    @rule(kind=KINDS, name=NAMES, number=NUMBERS, ttl=TTLS)
    def create(self, kind: Kind, name: str, number: int, ttl: int | None) -> None:
        if self.alive(kind, name):
            assert self.refusal(roots.create, ALICE, kind, unique_name=name) == 54301
            return
        root = self.world(roots.create, ALICE, kind, unique_name=name, data=json(n=number), ttl=ttl)
        number = 0 if kind is MAP else number
        self.model[kind, name] = Expected(root.sid, Entry(number, self.expiry(ttl)))
        self.live[root.sid] = [View(root.sid, root.last_event_id, number)]

    @rule(kind=KINDS, name=NAMES)
    def remove(self, kind: Kind, name: str) -> None:
        if self.alive(kind, name):
            self.world(roots.remove, ALICE, kind, name)
            del self.model[kind, name]
        else:
            assert self.refusal(roots.remove, ALICE, kind, name) == 54300

    @rule(kind=COLLECTIONS, name=NAMES, ttl=st.sampled_from([0, 20]))
    def set_ttl(self, kind: Kind, name: str, ttl: int) -> None:
        if expected := self.alive(kind, name):
            self.world(roots.set_ttl, ALICE, kind, name, ttl)
            expected.own.expires_ms = self.expiry(ttl)

    @rule(name=NAMES, number=NUMBERS, ttl=TTLS, current=st.booleans())
    def update_document(self, name: str, number: int, ttl: int | None, current: bool) -> None:
        expected = self.alive(DOCUMENT, name)
        if expected is None:
            assert self.refusal(documents.update, ALICE, name, data=json(n=number)) == 54300
            return
        revision = self.world(roots.fetch, ALICE, DOCUMENT, name).revision
        if not current:
            stale = f"{int(revision or '', 16) + 1:x}"
            assert self.refusal(documents.update, ALICE, name, data=json(n=1), if_match=stale) == 54103
            return
        self.world(documents.update, ALICE, name, data=json(n=number), ttl=ttl, if_match=revision)
        expected.own.number = number
        self.prolong(expected.own, ttl)

    @rule(name=NAMES, number=NUMBERS)
    def set_context(self, name: str, number: int) -> None:
        if expected := self.alive(LIST, name):
            self.world(lists.set_context, ALICE, name, json(n=number))
            expected.own.number = number

    # Items

    @rule(name=NAMES, number=NUMBERS, ttl=TTLS)
    def push(self, name: str, number: int, ttl: int | None) -> None:
        if expected := self.alive(LIST, name):
            item = self.world(lists.push, ALICE, name, json(n=number), ttl=ttl)
            assert item.key == expected.next_index
            expected.entries[expected.next_index] = Entry(number, self.expiry(ttl))
            expected.next_index += 1

    @rule(name=NAMES, index=INDEXES, number=NUMBERS, ttl=TTLS, add=st.booleans())
    def put(self, name: str, index: int, number: int, ttl: int | None, add: bool) -> None:
        expected = self.alive(MAP, name)
        if expected is None:
            return
        key = f"k{index}"
        entry = self.fresh(expected, key)
        if add and entry:
            assert self.refusal(maps.add, ALICE, name, key, json(n=number)) == 54208
        elif add:
            self.world(maps.add, ALICE, name, key, json(n=number), ttl=ttl)
            expected.entries[key] = Entry(number, self.expiry(ttl))
        else:
            _, created = self.world(maps.put, ALICE, name, key, json(n=number), ttl=ttl)
            assert created == (entry is None)
            entry = entry or Entry(number)
            entry.number = number
            self.prolong(entry, ttl)
            expected.entries[key] = entry

    @rule(kind=COLLECTIONS, name=NAMES, index=INDEXES, number=NUMBERS, ttl=TTLS)
    def update_item(self, kind: Kind, name: str, index: int, number: int, ttl: int | None) -> None:
        expected = self.alive(kind, name)
        if expected is None:
            return
        key: Key = index if kind is LIST else f"k{index}"
        entry = self.fresh(expected, key)
        if entry is None:
            assert self.refusal(items.update, ALICE, kind, name, key, ttl=5) in (54151, 54201)
            return
        self.world(items.update, ALICE, kind, name, key, data=json(n=number), ttl=ttl)
        entry.number = number
        self.prolong(entry, ttl)

    @rule(kind=COLLECTIONS, name=NAMES, index=INDEXES)
    def remove_item(self, kind: Kind, name: str, index: int) -> None:
        expected = self.alive(kind, name)
        if expected is None:
            return
        key: Key = index if kind is LIST else f"k{index}"
        if self.fresh(expected, key):
            self.world(items.remove, ALICE, kind, name, key)
            del expected.entries[key]
        else:
            assert self.refusal(items.remove, ALICE, kind, name, key) in (54151, 54201)

    # Time and subscribers

    @rule(seconds=st.sampled_from([0.001, 10]))
    def wait(self, seconds: float) -> None:
        self.world.after(seconds)

    @rule(limit=st.integers(min_value=1, max_value=3))
    def sweep(self, limit: int) -> None:
        while self.world(expiry.expire_due, limit):
            pass
        self.hear()
        self.agree()

    @rule()
    def read(self) -> None:
        """What has expired is absent, swept or not."""
        for (kind, name), expected in self.present().items():
            assert self.stored(kind, name) == (expected.own.number, self.numbers(expected))

    @rule()
    def go_away(self) -> None:
        """One more client, subscribed to everything, disconnects."""
        for expected in self.present().values():
            self.away.append(copy.deepcopy(self.live[expected.sid][0]))

    @rule(which=NUMBERS, limit=st.integers(min_value=1, max_value=4))
    def come_back(self, which: int, limit: int) -> None:
        if not self.away:
            return
        view = self.away.pop(which % len(self.away))
        completed = False
        while not completed:
            root = self.world(replay.standing, ALICE, [view.sid]).get(view.sid)
            if root is None:
                assert view.sid not in {expected.sid for expected in self.present().values()}
                return
            missed = self.world(replay.since, root, view.last, limit)
            assert len(missed.events) <= limit
            for event in missed.events:
                view.apply(event)
            assert view.last <= missed.last_event_id <= root.last_event_id
            completed = missed.completed
            view.last = missed.last_event_id
        self.live[view.sid].append(view)

    @invariant()
    def hear(self) -> None:
        for event in self.world.heard():
            self.live[event.topic][0].expect(event)
            for view in self.live[event.topic]:
                view.apply_live(event)

    def teardown(self) -> None:
        while self.away:
            self.come_back(0, 2)
        self.sweep(100)

    # What must hold

    def agree(self) -> None:
        present = self.present()
        known = {expected.sid for expected in present.values()}
        assert all(view.gone for sid, views in self.live.items() if sid not in known for view in views)
        self.read()
        for (kind, name), expected in present.items():
            numbers = self.numbers(expected)
            root = self.world(roots.fetch, ALICE, kind, name)
            assert root.item_count == len(numbers)
            for view in self.live[expected.sid]:
                assert (view.own, view.entries, view.last) == (
                    expected.own.number,
                    numbers,
                    root.last_event_id,
                )

    def numbers(self, expected: Expected) -> dict[Key, int]:
        return {key: entry.number for key, entry in expected.entries.items() if self.is_fresh(entry)}

    def stored(self, kind: Kind, name: str) -> tuple[int, dict[Key, int]]:
        """What a client reads now: of a collection by walking its pages."""
        if kind is DOCUMENT:
            return number_of(self.world(roots.fetch, ALICE, DOCUMENT, name).data), {}
        own = number_of(self.world(lists.context, ALICE, name).data) if kind is LIST else 0
        page = self.world(pages.of_items, ALICE, kind, name, Query(size=2))
        found = {item.key: number_of(item.data) for item in page.items}
        while page.next_token is not None:
            page = self.world(pages.of_items, ALICE, kind, name, Query(size=1, token=page.next_token))
            found |= {item.key: number_of(item.data) for item in page.items}
        assert list(found) == sorted(found)  # type: ignore[type-var]
        return own, found

    def present(self) -> dict[tuple[Kind, str], Expected]:
        return {place: expected for place, expected in self.model.items() if self.is_fresh(expected.own)}

    def alive(self, kind: Kind, name: str) -> Expected | None:
        return self.present().get((kind, name))

    def fresh(self, expected: Expected, key: Key) -> Entry | None:
        entry = expected.entries.get(key)
        return entry if entry is not None and self.is_fresh(entry) else None

    def is_fresh(self, entry: Entry) -> bool:
        return entry.expires_ms is None or entry.expires_ms > self.world.now_ms

    def expiry(self, ttl: int | None) -> int | None:
        return self.world.now_ms + ttl * 1000 if ttl else None

    def prolong(self, entry: Entry, ttl: int | None) -> None:
        if ttl is not None:
            entry.expires_ms = self.expiry(ttl)

    def refusal(self, *args: object, **named: object) -> int:
        try:
            self.world(*args, **named)  # type: ignore[arg-type]
        except ApiError as error:
            return error.code
        raise AssertionError("nothing was refused")


def number_of(data: str | None) -> int:
    return msgspec.json.decode(data or "")["n"]


TestSyncModel = SyncModel.TestCase
TestSyncModel.settings = settings(max_examples=80, stateful_step_count=60)
