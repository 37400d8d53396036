"""The live feed behind `tsock tail`: what happened lately, kept only while somebody watches."""

from collections import deque
from typing import Literal

import msgspec

from tsock.clock import Clock

ENTRIES_MAX = 10_000
"""What a watcher did not fetch in time is overwritten by later entries."""

WATCH_S = 15.0
"""Somebody is watching for this long after their last look."""

Category = Literal["connection", "denial", "alert", "event"]


class Happening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the feed. It holds names and numbers, never data, tokens or secrets."""

    number: int
    at_ms: int
    kind: Category
    what: str
    account: str = ""
    identity: str = ""
    topic: str = ""
    """SID of the object, denial or alert."""
    detail: str = ""


class Tail:
    """A ring of recent happenings; empty, and free of cost, while nobody watches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._happenings: deque[Happening] = deque(maxlen=ENTRIES_MAX)
        self._next = 1
        self._watched_until_s = 0.0
        self.watched = False
        """Whether it is worth calling `add`."""

    def add(
        self,
        kind: Category,
        what: str,
        account: str = "",
        identity: str = "",
        topic: str = "",
        detail: str = "",
    ) -> None:
        """Note one happening, if somebody watches."""
        if not self.watched:
            return
        if self._clock.monotonic_s() > self._watched_until_s:
            self.watched = False
            self._happenings.clear()
            return
        happening = Happening(self._next, self._clock.now_ms(), kind, what, account, identity, topic, detail)
        self._happenings.append(happening)
        self._next += 1

    def after(self, number: int) -> list[Happening]:
        """What happened behind `number`; asking keeps the feed going."""
        self.watched = True
        self._watched_until_s = self._clock.monotonic_s() + WATCH_S
        return [happening for happening in self._happenings if happening.number > number]

    @property
    def latest(self) -> int:
        """The number of the newest happening, to begin from."""
        return self._next - 1
