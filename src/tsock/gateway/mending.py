"""What did not arrive here, read from the store: for all who follow an object, or for one who is behind them.

A snapshot may be newer than what was announced here, or older than what is announced while it is read. So
what arrives meanwhile is kept, and only what the store has not brought goes out behind it.
"""

from collections.abc import Callable, Sequence

import structlog

from tsock.api.live import Subscriber
from tsock.deadlines import Deadlines
from tsock.events import Event, Replay
from tsock.gateway.topic import Awaited, Topic
from tsock.storage.store import Seen, Store, Tx

log = structlog.get_logger(__name__)

MENDING_EVENTS = 1000
"""Events read at once to close a gap."""

REORDER_S = 0.02
"""How long what is missing may be on its way before it is read: events of several nodes overtake each
other."""

AGAIN_S = 1.0
"""How long after a read that failed it is tried again: no event may come that would have it tried before."""

Missed = Callable[[Tx, str, int, int, int], Replay | None]
"""Reads what a subscriber of an object missed: its SID, the number it has, how many events at most, and the
number that it had when it was first told of them."""

Deliver = Callable[[Topic[Subscriber], Sequence[Event]], None]
"""Sends events of one object to whoever is live and has not had them."""

TellOne = Callable[[Topic[Subscriber], Subscriber, Sequence[Event]], None]
"""Sends them to one subscriber."""


class Mending:
    """Brings topics, and subscribers behind them, to what the store has."""

    def __init__(
        self, store: Store, missed: Missed, deadlines: Deadlines, deliver: Deliver, tell_one: TellOne
    ) -> None:
        self._store = store
        self._missed = missed
        self._deadlines = deadlines
        self._deliver = deliver
        self._tell_one = tell_one

    def expect(self, topic: Topic[Subscriber]) -> None:
        """Read what is missing, unless it arrives within the time that events take to overtake each other."""
        if topic.window is None and not topic.mending:
            topic.window = self._deadlines.after(REORDER_S, lambda: self._stop_waiting(topic))

    def bring(
        self, topic: Topic[Subscriber], subscriber: Subscriber, seq: int, go_on: Callable[[], None]
    ) -> None:
        """Send a subscriber the events up to `seq` and call `go_on`; or call it when that is not possible."""
        self.await_events(topic, subscriber, seq, go_on)
        if seq > topic.seq:
            topic.heard = max(topic.heard, seq)
            self.mend(topic)
        self.catch_up(topic)

    def await_events(
        self, topic: Topic[Subscriber], subscriber: Subscriber | None, seq: int, go_on: Callable[[], None]
    ) -> None:
        """Call `go_on` when the events up to `seq` were sent, or nobody is about to."""
        if topic.awaited is None:
            topic.awaited = []
        topic.awaited.append(Awaited(subscriber, seq, go_on))

    def mend(self, topic: Topic[Subscriber]) -> None:
        """Read what is missing; at the end of a read that is under way, what was heard of since."""
        if topic.mending:
            return
        if topic.window is not None:
            topic.window.cancel()
            topic.window = None
        topic.part()
        self._mend_from(topic, topic.seq)

    def _mend_from(self, topic: Topic[Subscriber], known: int) -> None:
        """Read one portion; `known` is the number behind which the first began."""
        topic.mending = True
        after, heard = topic.seq, topic.heard

        def query(tx: Tx) -> Replay | None:
            return self._missed(tx, topic.sid, after, MENDING_EVENTS, known)

        def done(missed: Replay | None, error: Exception | None, seen: Seen) -> None:
            topic.mending = False
            if missed is None:  # it is gone, and its end is still to come; or the store is away
                if error is not None:
                    log.error("topic.not_mended", topic=topic.sid, reason=str(error))
                    self._try_again(topic)
            else:
                self._mended(topic, missed, heard, known)
            self.catch_up(topic)
            self._go_on(topic)

        self._store.read(query, done)

    def _mended(self, topic: Topic[Subscriber], missed: Replay, heard: int, known: int) -> None:
        """Tell what the store brought, then what was kept; `heard` was known of when it was asked."""
        for event in missed.events:
            self._deliver(topic, [event])
        topic.reach(missed.last_event_id)
        if not missed.completed:
            self._mend_from(topic, known)
            return
        due = topic.unkept()
        if due:
            self._deliver(topic, due)
        if topic.heard > max(topic.seq, heard):  # what was announced since has a gap itself
            if topic.awaited:
                self.mend(topic)
            else:
                self.expect(topic)
        elif topic.heard > topic.seq:
            log.error("topic.number_unknown", topic=topic.sid, heard=topic.heard, stored=topic.seq)
            topic.give_up()

    def catch_up(self, topic: Topic[Subscriber]) -> None:
        """Bring those who are behind the others to where these are, one after another."""
        if topic.catching_up or topic.mending or not topic.behind:
            return
        subscriber, after = next(iter(topic.behind.items()))
        self._bring_one(topic, subscriber, after, after)

    def _bring_one(self, topic: Topic[Subscriber], subscriber: Subscriber, after: int, known: int) -> None:
        """Read one portion, as above."""
        topic.catching_up = True
        reached = topic.seq

        def query(tx: Tx) -> Replay | None:
            return self._missed(tx, topic.sid, after, MENDING_EVENTS, known)

        def done(missed: Replay | None, error: Exception | None, seen: Seen) -> None:
            topic.catching_up = False
            if missed is None:  # as above
                if error is not None:
                    log.error("topic.not_caught_up", topic=topic.sid, reason=str(error))
                    self._try_again(topic)
            elif topic.behind.get(subscriber) != after:  # it has left, or joined anew
                self.catch_up(topic)
            elif missed.completed and missed.last_event_id < reached:
                log.error("topic.number_unknown", topic=topic.sid, heard=reached, stored=missed.last_event_id)
            else:
                self._tell_one(topic, subscriber, missed.events)
                if missed.completed:
                    topic.join(subscriber, missed.last_event_id)
                    self.catch_up(topic)
                else:
                    topic.behind[subscriber] = missed.last_event_id
                    self._bring_one(topic, subscriber, missed.last_event_id, known)
            self._go_on(topic)

        self._store.read(query, done)

    def _stop_waiting(self, topic: Topic[Subscriber]) -> None:
        topic.window = None
        self._mend_if_short(topic)
        self._go_on(topic)

    def _mend_if_short(self, topic: Topic[Subscriber]) -> None:
        if topic.heard > topic.seq and topic.subscribers:
            self.mend(topic)

    def _try_again(self, topic: Topic[Subscriber]) -> None:
        if topic.retries:
            return
        topic.retries = True

        def again() -> None:
            topic.retries = False
            self._mend_if_short(topic)
            self.catch_up(topic)

        self._deadlines.after(AGAIN_S, again)

    def _go_on(self, topic: Topic[Subscriber]) -> None:
        """Let go on what waits for no event any longer; all, where none is about to come."""
        if not topic.awaited:
            return
        is_coming = topic.mending or topic.catching_up or topic.window is not None
        awaited, topic.awaited = topic.awaited, []
        for one in awaited:
            if is_coming and topic.owes(one.subscriber, one.seq):
                topic.awaited.append(one)
            else:
                one.go_on()
