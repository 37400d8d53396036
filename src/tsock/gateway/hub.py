"""Fan-out: an event becomes one WebSocket frame, shared by every subscriber on this node."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from math import inf

import structlog

from tsock.api.live import Subscriber
from tsock.events import Event, Origin, Replay
from tsock.gateway.held import UNDERWAY_S
from tsock.gateway.topic import Topic, Verdict
from tsock.storage.store import Seen, Store, Tx
from tsock.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

MENDING_EVENTS = 1000
"""Events read at once to close a gap."""


Missed = Callable[[Tx, str, int, int], Replay | None]
"""Reads what a subscriber of an object missed: its SID, the number it has, how many events at most."""


class Hub:
    """Topics by object SID."""

    def __init__(
        self,
        node: str,
        metrics: Metrics,
        live_frame: Callable[[Event], bytes],
        store: Store,
        missed: Missed,
        now_s: Callable[[], float],
    ) -> None:
        """Take what it is made of.

        Args:
            node: where it runs; what other nodes' connections cause has an echo for nobody here.
            metrics: counts events and deliveries.
            live_frame: makes the frame of an event.
            store: has whatever did not arrive here.
            missed: reads that.
            now_s: the monotonic clock.
        """
        self._node = node
        self._metrics = metrics
        self._live_frame = live_frame
        self._store = store
        self._missed = missed
        self._now_s = now_s
        self._topics: dict[str, Topic[Subscriber]] = {}

    def join(self, subscriber: Subscriber, sid: str, seq: int, *, told: bool = False) -> None:
        """Subscribe to an object from behind `seq`, in place of an earlier subscription to it.

        `told` says that the subscriber was just sent events of it.
        """
        topic = self._topics.get(sid)
        if topic is None:
            topic = self._topics[sid] = Topic(seq)
        subscriber.withheld.pop(sid, None)
        subscriber.subscriptions[sid] = topic
        topic.join(subscriber, seq)
        if told:
            topic.told_s = self._now_s()
        self._catch_up(sid, topic)

    def leave(self, subscriber: Subscriber, sid: str) -> None:
        """End the subscription to an object, if there is one."""
        subscriber.withheld.pop(sid, None)
        topic = subscriber.subscriptions.pop(sid, None)
        if topic is not None:
            topic.leave(subscriber)
            if not (topic.subscribers or topic.behind):
                self._topics.pop(sid, None)

    def withhold(self, subscriber: Subscriber, sid: str) -> None:
        """The same, until it goes on."""
        topic = subscriber.subscriptions.get(sid)
        if topic is not None:
            had = topic.had(subscriber)
            self.leave(subscriber, sid)
            subscriber.withheld[sid] = had

    def resume(self, subscriber: Subscriber, sid: str) -> None:
        """Go on with a subscription that was withheld, from where it stopped.

        Those who follow the object all the while hear nothing of it, and every state.
        """
        had = subscriber.withheld.get(sid)
        if had is not None:
            followed = sid in self._topics
            self.join(subscriber, sid, had)
            if not followed:  # nobody here knows whether anything was missed
                self._mend(sid, subscriber.subscriptions[sid])

    def leave_all(self, subscriber: Subscriber) -> None:
        """End every subscription of a connection that is gone."""
        for sid in list(subscriber.subscriptions):
            self.leave(subscriber, sid)

    def is_telling(self, subscriber: Subscriber, sids: Iterable[str]) -> bool:
        """Whether events of any of these objects may still be on their way to a subscriber."""
        following = subscriber.subscriptions
        told_s = max((following[sid].told_s for sid in sids if sid in following), default=-inf)
        return told_s > self._now_s() - UNDERWAY_S

    def publish(self, events: Sequence[Event]) -> None:
        """Deliver what one commit announced to all who wait for it, once and in order.

        Neighbours of one object are sent in one piece.
        """
        self._metrics.events += len(events)
        for sid, run in groupby(events, _topic_of):
            topic = self._topics.get(sid)
            if topic is None:
                continue
            verdicts = [(_verdict(topic, event), event) for event in run]
            due = [event for verdict, event in verdicts if verdict is Verdict.DELIVER]
            if due:
                self._deliver_run(topic, due)
            if any(verdict is Verdict.GAP for verdict, _ in verdicts) and self._topics.get(sid) is topic:
                self._mend(sid, topic)
            if topic.behind:
                self._catch_up(sid, topic)

    def _deliver_run(self, topic: Topic[Subscriber], run: Sequence[Event]) -> None:
        first = run[0].seq
        if len(run) == 1 or first is None or topic.all_behind(first):
            self._deliver(topic, run)
        else:  # some of the audience have had some of them
            for event in run:
                self._deliver(topic, [event])

    def _mend(self, sid: str, topic: Topic[Subscriber]) -> None:
        """Close a gap with a replay from the store, which has whatever did not arrive here."""
        topic.mending = True

        def query(tx: Tx) -> Replay | None:
            return self._missed(tx, sid, topic.seq, MENDING_EVENTS)

        def done(missed: Replay | None, error: Exception | None, seen: Seen) -> None:
            topic.mending = False
            if missed is None:
                if error is not None:
                    log.error("topic.not_mended", topic=sid, reason=str(error))
                return
            for event in missed.events:
                self._deliver(topic, [event])
            topic.seq = max(topic.seq, missed.last_event_id)
            if not missed.completed:
                self._mend(sid, topic)

        self._store.read(query, done)

    def _catch_up(self, sid: str, topic: Topic[Subscriber]) -> None:
        """Bring those who joined behind the others to where these are, one after another."""
        if topic.catching_up or not topic.behind:
            return
        topic.catching_up = True
        subscriber, after = next(iter(topic.behind.items()))

        def query(tx: Tx) -> Replay | None:
            return self._missed(tx, sid, after, MENDING_EVENTS)

        def done(missed: Replay | None, error: Exception | None, seen: Seen) -> None:
            topic.catching_up = False
            if missed is None:  # it is gone, and its end is still to come; or the next event tries again
                if error is not None:
                    log.error("topic.not_caught_up", topic=sid, reason=str(error))
                return
            if topic.behind.get(subscriber) == after:  # it may have left, or joined anew
                for event in missed.events:
                    subscriber.send(self._live_frame(event))
                topic.join(subscriber, missed.last_event_id)
                topic.told_s = self._now_s()
            self._catch_up(sid, topic)

        self._store.read(query, done)

    def _deliver(self, topic: Topic[Subscriber], run: Sequence[Event]) -> None:
        """Send events of one object, which nobody in their common audience has had; no echo to the origin."""
        topic.told_s = self._now_s()
        first = run[0].seq
        audience = topic.subscribers if first is None else topic.audience(first)
        frames = [self._live_frame(event) for event in run]
        joined = frames[0] if len(frames) == 1 else b"".join(frames)
        origins = [self._number_here(event.origin) for event in run]
        withheld = 0
        for subscriber in audience:
            if subscriber.number in origins:
                for origin, frame in zip(origins, frames, strict=True):
                    if origin == subscriber.number:
                        withheld += 1
                    else:
                        subscriber.send(frame)
            else:
                subscriber.send(joined)
        self._metrics.deliveries += len(run) * len(audience) - withheld
        if run[-1].final:
            for subscriber in topic.behind:  # what they have still to be told is gone with it
                subscriber.send(frames[-1])
            self._end(run[-1].topic, topic)

    def _number_here(self, origin: Origin | None) -> int | None:
        return origin[1] if origin is not None and origin[0] == self._node else None

    def _end(self, sid: str, topic: Topic[Subscriber]) -> None:
        """The object is gone, and every subscription to it."""
        del self._topics[sid]
        for subscriber in (*topic.subscribers, *topic.behind):
            subscriber.subscriptions.pop(sid, None)
        topic.behind.clear()


def _topic_of(event: Event) -> str:
    return event.topic


def _verdict(topic: Topic[Subscriber], event: Event) -> Verdict:
    if event.seq is None:
        return Verdict.DELIVER
    if event.final and event.seq > topic.seq:
        # What is missing before the end of an object is gone with it, so the end waits for nothing.
        topic.seq = event.seq
        return Verdict.DELIVER
    verdict = topic.take(event.seq)
    if verdict is Verdict.GAP:
        topic.mending = True  # what follows in the same commit is part of what the store will bring
    return verdict
