"""Who hears of what a commit announced, and in which order."""

from collections.abc import Callable, Sequence

import msgspec

from tsock.events import Change, Event, Fact, ReadRevoked, Work


class Announcements(msgspec.Struct, frozen=True):
    """The one listener of the store: it routes each fact by its kind."""

    directory: Callable[[Change], None]
    """Takes in a changed record; before anybody else, who may ask for it."""
    changed: Sequence[Callable[[Change], None]] = ()
    """Act on a changed record."""
    revoked: Callable[[ReadRevoked], None] = lambda fact: None
    """Ends deliveries; before the events of the same commit, none of which reaches whoever lost access."""
    events: Callable[[Sequence[Event]], None] = lambda events: None
    """Delivers."""
    work: Callable[[Sequence[Work]], None] = lambda work: None
    """Does what is due."""

    def hear(self, facts: Sequence[Fact]) -> None:
        """Pass on the facts of one commit."""
        events = [fact for fact in facts if isinstance(fact, Event)]
        if len(events) < len(facts):
            self._hear_others(facts)
        if events:
            self.events(events)

    def _hear_others(self, facts: Sequence[Fact]) -> None:
        changes = [fact for fact in facts if isinstance(fact, Change)]
        for change in changes:
            self.directory(change)
        for change in changes:
            for act in self.changed:
                act(change)
        for fact in facts:
            if isinstance(fact, ReadRevoked):
                self.revoked(fact)
        due = [fact for fact in facts if isinstance(fact, Work)]
        if due:
            self.work(due)
