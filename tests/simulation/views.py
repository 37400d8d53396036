"""Objects as their subscribers know them, built from nothing but events, and what is known of their past."""

from collections import defaultdict
from typing import Any, NamedTuple

Key = int | str | None
"""Index or key of an item; None stands for the content of a document."""


class Broken(AssertionError):
    """A promise of delivery was broken."""


class Change(NamedTuple):
    """What one event did; data None is a removal."""

    key: Key
    data: Any


class History:
    """Every change of every object that anybody was told of, by event or by reply."""

    def __init__(self) -> None:
        self._changes: dict[str, dict[int, Change]] = defaultdict(dict)

    def note(self, sid: str, number: int, change: Change) -> None:
        """Remember an event; the same number can never stand for something else."""
        known = self._changes[sid].setdefault(number, change)
        if known != change:
            raise Broken(f"event {number} of {sid} was {known}, and now is {change}")

    def of(self, sid: str) -> dict[int, Change]:
        """The changes known of an object, by event."""
        return self._changes[sid]

    def state(self, sid: str) -> dict[Key, tuple[int, Any]]:
        """What the newest known change of each key left: its event and the data."""
        newest: dict[Key, tuple[int, Any]] = {}
        for number, (key, data) in sorted(self._changes[sid].items()):
            newest[key] = number, data
        return {key: held for key, held in newest.items() if held[1] is not None}


class Replay(NamedTuple):
    """What one establish brought, up to its end or to that of the connection."""

    after: int
    numbers: list[int]
    upto: int
    completed: bool


class View:
    """One object, as one subscriber sees it over all of its connections.

    Every event must come after all that came before. Those of a replay leave out only what a later change
    replaced; live ones leave out nothing, unless news between nodes may be late: then a node makes up for
    them as a replay does.
    """

    def __init__(self, sid: str, kind: str, history: History, *, made_up_for: bool = False) -> None:
        self._made_up_for = made_up_for
        self.sid = sid
        self.kind = kind
        self.last_event_id = -1
        self.live = False
        self.state: dict[Key, tuple[int, Any]] = {}
        self.replays: list[Replay] = []
        self.arrivals: list[Key] = []
        """The key of every item that was ever added, in the order in which this subscriber heard of them."""
        self._history = history
        self._in_step = True
        """Whether it knows all that was true at its last event; not so once a replay breaks off."""
        self._begun_at = -1
        self._replayed: dict[int, Key] = {}

    def begin(self) -> None:
        """An establish is under way: what comes next is a replay."""
        self._begun_at = self.last_event_id
        self._replayed = {}

    def replayed(self, event_type: str, event: dict[str, Any]) -> None:
        """An event that was missed."""
        number = event["id"]
        if self.live or number <= self.last_event_id:
            raise Broken(f"{self} was replayed event {number}")
        key = self._apply(event_type, event).key
        if key in self._replayed.values():
            raise Broken(f"{self} was replayed {key!r} twice, last by event {number}")
        self._replayed[number] = key

    def established(self, upto: int, *, completed: bool) -> None:
        """The replay is over, for now or until the next establish."""
        if upto != self.last_event_id:
            raise Broken(f"{self} was established at {upto}")
        self._end_replay(completed=completed)

    def lost(self) -> None:
        """The connection is gone."""
        if not self.live and self._replayed:
            self._end_replay(completed=False)
        self.live = False

    def heard(self, event_type: str, event: dict[str, Any]) -> None:
        """A live event."""
        is_next = event["id"] == self.last_event_id + 1
        if not self.live or not (is_next or (self._made_up_for and event["id"] > self.last_event_id)):
            raise Broken(f"{self} heard event {event['id']}")
        self._apply(event_type, event)

    def _end_replay(self, *, completed: bool) -> None:
        self.replays.append(Replay(self._begun_at, list(self._replayed), self.last_event_id, completed))
        self._replayed = {}
        self.live = self._in_step = completed

    def _apply(self, event_type: str, event: dict[str, Any]) -> Change:
        number = self.last_event_id = event["id"]
        change = _change(self.kind, event_type, event)
        self._history.note(self.sid, number, change)
        if event_type.endswith("_added"):
            # While it was away, or had to be made up for, the item may have come anew.
            if self.live and not self._made_up_for and change.key in self.state:
                raise Broken(f"{self} was told that {change.key!r} is new")
            self.arrivals.append(change.key)
        elif event_type.endswith("_item_updated") and change.key not in self.state:
            # While a replay is broken off, an item may have been made before the last event that came, and
            # changed after it.
            if self._in_step:
                raise Broken(f"{self} was told of an update of {change.key!r}, which it does not know")
            self.arrivals.append(change.key)
        if change.data is None:
            self.state.pop(change.key, None)
        else:
            self.state[change.key] = number, change.data
        return change

    def __str__(self) -> str:
        return f"{self.kind} {self.sid}, {'live' if self.live else 'replaying'} at {self.last_event_id},"


def require_nothing_lost(view: View, history: History) -> None:
    """Fail unless whatever a view's replays left out was replaced by a later change; needs a full history."""
    log = history.of(view.sid)
    newest = {change.key: number for number, change in sorted(log.items())}
    for replay in view.replays:
        shown = {log[number].key: number for number in replay.numbers}
        for number in set(range(replay.after + 1, replay.upto + 1)) - set(replay.numbers):
            key = log[number].key
            replaced_later = not replay.completed and newest[key] > replay.upto
            if shown.get(key, -1) < number and not replaced_later:
                raise Broken(f"{view} was never told of event {number} of {key!r}: {replay}")


def _change(kind: str, event_type: str, event: dict[str, Any]) -> Change:
    if kind == "document":
        return Change(None, event["document_data"])
    key = event["item_index" if kind == "list" else "item_key"]
    return Change(key, None if event_type.endswith("_removed") else event["item_data"])
