"""Fan-out: an event becomes one WebSocket frame, shared by every subscriber on this node."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from math import inf

from tsock.api.live import Subscriber
from tsock.deadlines import Deadlines
from tsock.events import Event, Origin
from tsock.gateway.held import UNDERWAY_S
from tsock.gateway.mending import Mending, Missed
from tsock.gateway.native import send_to_all
from tsock.gateway.pending import Pending
from tsock.gateway.topic import Topic
from tsock.storage.store import Seen, Store
from tsock.telemetry.metrics import Metrics

End = Callable[[str, int], Event]
"""Makes the end of an object of which nothing is left: its SID, the number of the end."""


class Hub:
    """Topics by object SID."""

    def __init__(
        self,
        node: str,
        metrics: Metrics,
        live_frame: Callable[[Event], bytes],
        *,
        store: Store,
        missed: Missed,
        end: End,
        deadlines: Deadlines,
        now_s: Callable[[], float],
    ) -> None:
        """Take what it is made of.

        Args:
            node: where it runs; what other nodes' connections cause has an echo for nobody here.
            metrics: counts events and deliveries.
            live_frame: makes the frame of an event.
            store: has whatever did not arrive here.
            missed: reads that.
            end: makes the end of an object that did not arrive and cannot be read.
            deadlines: waits for what may still arrive.
            now_s: the monotonic clock.
        """
        self._node = node
        self._metrics = metrics
        self._live_frame = live_frame
        self._end_of = end
        self._now_s = now_s
        self._mending = Mending(store, missed, deadlines, self._deliver, self._tell_one)
        self._topics: dict[str, Topic[Subscriber]] = {}

    # Who follows what.

    def ask(self, subscriber: Subscriber, sids: Iterable[str]) -> Pending:
        """Heed from now on what is announced of objects that a subscriber is about to follow."""
        topics = self._topics
        asked: dict[str, Topic[Subscriber]] = {}
        for sid in sids:
            if sid not in asked:
                topic = topics.get(sid)
                if topic is None:
                    topic = topics[sid] = Topic(sid)
                topic.asked += 1
                asked[sid] = topic
        pending = Pending(asked)
        subscriber.pending.append(pending)
        return pending

    def answered(self, subscriber: Subscriber, pending: Pending) -> None:
        """The subscriber follows what it was given of what it had asked for."""
        subscriber.pending.remove(pending)
        for topic in pending.topics.values():
            topic.asked -= 1
            self._drop_if_idle(topic)

    def join(self, subscriber: Subscriber, sid: str, seq: int, *, told: bool = False) -> None:
        """Subscribe to an object from behind `seq`, in place of an earlier subscription to it.

        `told` says that the subscriber was just sent events of it.
        """
        topic = self._topics.get(sid)
        if topic is None:
            topic = self._topics[sid] = Topic(sid)
        subscriber.withheld.pop(sid, None)
        subscriber.subscriptions[sid] = topic
        topic.join(subscriber, seq)
        if told:
            topic.told_s = self._now_s()
        if topic.behind:
            self._mending.catch_up(topic)
        if topic.heard > topic.seq:
            self._mending.expect(topic)

    def leave(self, subscriber: Subscriber, sid: str) -> None:
        """End the subscription to an object, if there is one."""
        subscriber.withheld.pop(sid, None)
        topic = subscriber.subscriptions.pop(sid, None)
        if topic is not None:
            topic.leave(subscriber)
            self._drop_if_idle(topic)

    def forbid(self, subscriber: Subscriber, sid: str) -> None:
        """The same where the object may not be read: nor is one that was asked for to begin."""
        for pending in subscriber.pending:
            pending.withhold(sid)
        self.leave(subscriber, sid)

    def withhold(self, subscriber: Subscriber, sid: str) -> None:
        """The same, until it goes on."""
        for pending in subscriber.pending:
            pending.withhold(sid)
        topic = subscriber.subscriptions.get(sid)
        if topic is not None:
            had = topic.had(subscriber)
            self.leave(subscriber, sid)
            subscriber.withheld[sid] = had

    def resume(self, subscriber: Subscriber, sid: str) -> None:
        """Go on with a subscription that was withheld, from where it stopped.

        Those who follow the object all the while hear nothing of it, and every state.
        """
        for pending in subscriber.pending:
            pending.resume(sid)
        had = subscriber.withheld.get(sid)
        if had is not None:
            topic = self._topics.get(sid)
            is_followed = topic is not None and bool(topic.subscribers)
            self.join(subscriber, sid, had)
            if not is_followed:  # nobody here knows whether anything was missed
                self._mending.mend(subscriber.subscriptions[sid])

    def leave_all(self, subscriber: Subscriber) -> None:
        """End every subscription of a connection that is gone."""
        for sid in list(subscriber.subscriptions):
            self.leave(subscriber, sid)

    def of(self, subscriber: Subscriber) -> list[str]:
        """What a subscriber follows or has asked to follow."""
        if not subscriber.pending:
            return list(subscriber.subscriptions)
        asked = (sid for pending in subscriber.pending for sid in pending.topics)
        return list(dict.fromkeys([*subscriber.subscriptions, *asked]))

    def _drop_if_idle(self, topic: Topic[Subscriber]) -> None:
        if topic.is_idle and self._topics.get(topic.sid) is topic:
            del self._topics[topic.sid]

    # What replies show.

    def is_telling(self, subscriber: Subscriber, sids: Iterable[str]) -> bool:
        """Whether events of any of these objects may still be on their way to a subscriber."""
        following = subscriber.subscriptions
        told_s = max((following[sid].told_s for sid in sids if sid in following), default=-inf)
        return told_s > self._now_s() - UNDERWAY_S

    def owes(self, subscriber: Subscriber, seen: Seen) -> bool:
        """Whether a reply would show a subscriber changes whose events it has not been sent."""
        following = subscriber.subscriptions
        for sid, seq in seen.items():
            topic = following.get(sid)
            if topic is not None and topic.owes(subscriber, seq):
                return True
        return False

    def settle(self, subscriber: Subscriber, seen: Seen, go_on: Callable[[], None]) -> None:
        """Send what is owed, then call `go_on`; also where it cannot be had."""
        following = subscriber.subscriptions
        owing = [
            (following[sid], seq)
            for sid, seq in seen.items()
            if sid in following and following[sid].owes(subscriber, seq)
        ]
        one_done = _after(len(owing), go_on)
        for topic, seq in owing:
            self._mending.bring(topic, subscriber, seq, one_done)

    # What the database says.

    def followed(self) -> list[str]:
        """The objects that anybody follows here."""
        return [sid for sid, topic in self._topics.items() if topic.subscribers or topic.behind]

    def check(self, sids: Iterable[str], counters: Mapping[str, int]) -> None:
        """Make up for what was lost on the way here.

        Args:
            sids: objects that were followed.
            counters: those of them that exist, each with its number in the database.
        """
        topics = [self._topics[sid] for sid in sids if sid in self._topics]
        gone = [topic for topic in topics if topic.sid not in counters]
        short = [topic for topic in topics if topic.seq < counters.get(topic.sid, topic.seq)]

        def end() -> None:
            # Behind all that was lost: an app is to hear that its user has left before the conversation ends.
            # Where that could not be read, the next check finds the same.
            if not any(topic.seq < counters[topic.sid] and topic.subscribers for topic in short):
                for topic in gone:
                    self._end_unheard(topic)

        one_done = _after(len(short), end)
        for topic in short:
            topic.heard = max(topic.heard, counters[topic.sid])
            self._mending.await_events(topic, None, counters[topic.sid], one_done)
            self._mending.expect(topic)
        for topic in topics:
            self._mending.catch_up(topic)

    # What commits announce.

    def publish(self, events: Sequence[Event]) -> None:
        """Deliver what one commit announced to all who wait for it, once and in order.

        Neighbours of one object are sent in one piece.
        """
        self._metrics.events += len(events)
        for sid, run in groupby(events, _topic_of):
            topic = self._topics.get(sid)
            if topic is None:
                continue
            due: list[Event] = []
            for event in run:
                if topic.take(event):
                    due.append(event)
                    if event.final:
                        break
                    if topic.kept:
                        due += topic.unkept()
            if due:
                self._deliver(topic, due)
            if topic.heard > topic.seq:
                self._mending.expect(topic)
            if topic.behind:
                self._mending.catch_up(topic)

    def _deliver(self, topic: Topic[Subscriber], run: Sequence[Event]) -> None:
        """Send events of one object to whoever is live and has not had them."""
        first = run[0].seq
        if len(run) == 1 or first is None or topic.all_behind(first):
            self._send(topic, run)
        else:  # some of the audience have had some of them
            for event in run:
                self._send(topic, [event])

    def _send(self, topic: Topic[Subscriber], run: Sequence[Event]) -> None:
        """Send events of one object, which nobody in their common audience has had; no echo to the origin."""
        first = run[0].seq
        audience = topic.subscribers if first is None else topic.audience(first)
        if not audience and not run[-1].final:
            return
        topic.told_s = self._now_s()
        frames = [self._live_frame(event) for event in run]
        joined = frames[0] if len(frames) == 1 else b"".join(frames)
        origins = [self._number_here(event.origin) for event in run]
        withheld = 0
        authors = [origin for origin in origins if origin is not None]
        for author in send_to_all(audience, joined, authors):
            for origin, frame in zip(origins, frames, strict=True):
                if origin == author.number:
                    withheld += 1
                else:
                    author.send(frame)
        self._metrics.deliveries += len(run) * len(audience) - withheld
        if run[-1].final:
            for subscriber in topic.behind:  # what they have still to be told is gone with it
                subscriber.send(frames[-1])
            self._end(topic)

    def _tell_one(self, topic: Topic[Subscriber], subscriber: Subscriber, events: Sequence[Event]) -> None:
        for event in events:
            subscriber.send(self._live_frame(event))
        topic.told_s = self._now_s()

    def _number_here(self, origin: Origin | None) -> int | None:
        return origin[1] if origin is not None and origin[0] == self._node else None

    def _end_unheard(self, topic: Topic[Subscriber]) -> None:
        """Tell an end that did not arrive."""
        if self._topics.get(topic.sid) is topic:
            event = self._end_of(topic.sid, max(topic.seq, topic.heard) + 1)
            topic.take(event)
            self._send(topic, [event])

    def _end(self, topic: Topic[Subscriber]) -> None:
        """The object is gone, and every subscription to it."""
        topic.ended = True
        del self._topics[topic.sid]
        for subscriber in (*topic.subscribers, *topic.behind):
            subscriber.subscriptions.pop(topic.sid, None)
        topic.subscribers.clear()
        topic.behind.clear()


def _topic_of(event: Event) -> str:
    return event.topic


def _after(count: int, go_on: Callable[[], None]) -> Callable[[], None]:
    """What is to be called so many times before `go_on` is."""
    if count == 0:
        go_on()
    left = count

    def one_done() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            go_on()

    return one_done
