"""Who hears of what a commit announced, and in which order."""

from collections.abc import Callable, Sequence

import msgspec

from tsock.events import Change, Event, Fact, Notice, Rights, Signal, Work


class Announcements(msgspec.Struct, frozen=True):
    """The one listener of the store: it routes each fact by its kind."""

    directory: Callable[[Change], None]
    """Takes in a changed record; before anybody else, who may ask for it."""
    changed: Sequence[Callable[[Change], None]] = ()
    """Act on a changed record."""
    rights: Callable[[Rights], None] = lambda fact: None
    """Ends deliveries or goes on with them, each in its place among the events of the commit."""
    events: Callable[[Sequence[Event]], None] = lambda events: None
    """Delivers."""
    notices: Callable[[Notice], None] = lambda notice: None
    """Delivers what is told and not kept."""
    work: Sequence[Callable[[Sequence[Work]], None]] = ()
    """Do what is due."""
    signals: Sequence[Callable[[Signal], None]] = ()
    """Act on what another node says."""

    def hear(self, facts: Sequence[Fact]) -> None:
        """Pass on the facts of one commit."""
        self._hear_changes([fact for fact in facts if isinstance(fact, Change)])
        events = list[Event]()
        for fact in facts:
            if isinstance(fact, Event):
                events.append(fact)
            elif isinstance(fact, Rights):
                if events:
                    self.events(events)
                    events = list[Event]()
                self.rights(fact)
            elif isinstance(fact, Notice):
                self.notices(fact)
            elif isinstance(fact, Signal):
                for act in self.signals:
                    act(fact)
        if events:
            self.events(events)
        due = [fact for fact in facts if isinstance(fact, Work)]
        if due:
            for do in self.work:
                do(due)

    def _hear_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.directory(change)
        for change in changes:
            for act in self.changed:
                act(change)
