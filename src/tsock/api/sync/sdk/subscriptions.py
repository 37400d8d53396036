"""Establish and cancel: what a client asked to follow, read at one point of the commit order.

Protocol: `protocol/sync.md`, Subscriptions and Replay.

A replay brings the client to the object's counter in the snapshot, and live events go on from there. On
SQLite the snapshot is what was announced when the answer is made. Elsewhere it may hold more, or less than
was announced while it was read (`storage/store.py`): so the hub heeds the objects from the moment they are
asked for, and sends what lies between. What has ended meanwhile, or may not be read any longer, is put off:
the client asks once more and is told by a newer snapshot.
"""

from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from tsock.api.live import Following, LiveSession, Pending
from tsock.api.request import Answer, Door, Read, Request, Response
from tsock.api.router import Route
from tsock.api.sync.sdk.notices import Notices, SubscriptionEntry, failure
from tsock.api.sync.sdk.scope import SdkScope
from tsock.conversations import access
from tsock.errors import ApiError, invalid
from tsock.events import Replay
from tsock.ids import is_sid
from tsock.misread import UNREADABLE, found_instead
from tsock.settings import Settings
from tsock.storage.store import Tx
from tsock.sync import epochs, permissions, refusals, replay
from tsock.sync.actor import Actor
from tsock.sync.kinds import DOCUMENT, KINDS, LIST, MAP, STREAM
from tsock.sync.models import Root

REPLAY_BYTES_MAX = 1024 * 1024
"""A request's replay stops behind the event that reaches this size, so that it fits into the send queue."""


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """One entry of a request; unknown members are ignored."""

    object_sid: str
    object_type: str = ""
    last_event_id: int | None = None


class Batch(msgspec.Struct, frozen=True, gc=False):
    """The body of `POST /v4/Subscriptions`."""

    action: Literal["establish", "cancel"]
    correlation_id: int
    requests: list[Wanted]
    event_protocol_version: int = 4


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one entry."""

    wanted: Wanted
    error: ApiError | None = None
    replay: Replay | None = None
    known: int = 0
    """The number behind which the client began to be told, over interruptions."""
    is_stream: bool = False
    is_put_off: bool = False
    """Whether the client is to ask once more, when it has read the list of its conversations."""
    goes_first: bool = False
    """Whether it is that list."""


class SubscriptionHandlers:
    """The one route through which clients subscribe."""

    def __init__(self, scope: SdkScope, hub: Following, notices: Notices, settings: Settings) -> None:
        self._scope = scope
        self._hub = hub
        self._notices = notices
        self._settings = settings
        self._late_ms = 0 if settings.database_url is None else replay.LATE_MS
        self._accepted = msgspec.json.encode(
            {
                "estimated_delivery_in_ms": settings.sync_estimated_delivery_ms,
                "max_batch_size": settings.sync_subscription_batch_max,
            }
        )

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [Route(Door.TUNNEL, "POST", "/v4/Subscriptions", self.subscribe)]

    def subscribe(self, request: Request) -> Answer:
        """Establish or cancel a batch; per-object problems are told in notifications, not here."""
        session = request.session
        assert session is not None
        batch = self._read(request)
        if batch.action == "cancel":
            # It goes through the store all the same, so that it keeps its place among establishes.
            return Read(lambda tx: batch, lambda _: self._cancel(session, batch))
        pending = self._hub.ask(session, [wanted.object_sid for wanted in batch.requests])
        return Read(
            # Whoever asks is judged as of the query: ACL may be switched on while it waits for a commit.
            lambda tx: self._look_up(tx, self._scope.actor(request), session, batch),
            lambda outcomes: self._answer(session, batch, outcomes, pending),
            failed=lambda: self._hub.answered(session, pending),
        )

    def _read(self, request: Request) -> Batch:
        try:
            batch = _decode(request.body)
        except UNREADABLE as error:
            raise invalid(
                f"expected a subscription request, found {found_instead(request.body, error)}"
            ) from None
        most = self._settings.sync_subscription_batch_max
        if len(batch.requests) > most:
            raise invalid(f"{len(batch.requests)} requests, at most {most} allowed")
        return batch

    def _look_up(self, tx: Tx, actor: Actor, session: LiveSession, batch: Batch) -> list[Outcome]:
        """What each entry gets; reads only."""
        sids = [wanted.object_sid for wanted in batch.requests if is_sid(wanted.object_sid)]
        found = replay.standing(tx, actor, sids) if sids else {}
        readable = permissions.readable(tx, actor, list(found.values())) if found else set[str]()
        following = {*session.subscriptions, *(session.interrupted or ())}
        positions: dict[str, int] = {}
        events_left, bytes_left = self._settings.sync_replay_events_max, REPLAY_BYTES_MAX
        outcomes: list[Outcome] = []
        behind: bool | None = None
        for wanted in batch.requests:
            root = found.get(wanted.object_sid)
            error = self._refusal(tx, actor, wanted, root, readable)
            if actor.readable is not None and (root is None or not access.is_own_list(root)):
                # Until a user has been told which conversations it is in, nothing of one may be said to be
                # gone, nor followed and then go: the SDK would take the conversation for removed without its
                # user having left it.
                if behind is None:
                    behind = _is_behind(tx, actor, session)
                if behind:
                    outcomes.append(_put_off(wanted))
                    continue
            if error is None and wanted.object_sid not in following and actor.readable is None:
                error = self._too_many(following)
            if root is None or error is not None:
                outcomes.append(Outcome(wanted, error))
                continue
            following.add(root.sid)
            after = wanted.last_event_id
            if after is None:
                after = positions.get(root.sid)
                if after is None:
                    after = positions[root.sid] = self._position(tx, session, root)
            known = _known(session, root.sid, after)
            if after >= root.last_event_id or root.kind is STREAM:
                missed = Replay([], root.last_event_id, completed=True)
            elif events_left <= 0 or bytes_left <= 0:
                missed = Replay([], after, completed=False)
            else:
                missed = _up_to(bytes_left, replay.since(tx, root, after, events_left, known))
                events_left -= len(missed.events)
                bytes_left -= sum(len(event.body) for event in missed.events)
            goes_first = actor.readable is not None and access.is_own_list(root)
            if goes_first:
                behind = not missed.completed
            outcomes.append(
                Outcome(
                    wanted,
                    replay=missed,
                    known=known,
                    is_stream=root.kind is STREAM,
                    goes_first=goes_first,
                )
            )
        return outcomes

    def _refusal(
        self, tx: Tx, actor: Actor, wanted: Wanted, root: Root | None, readable: set[str]
    ) -> ApiError | None:
        if wanted.object_type == "live_query":
            return ApiError(400, 54502, "Query index not found")
        kind = KINDS.get(wanted.object_type)
        if root is None or (kind is not None and root.kind is not kind):
            return refusals.object_not_found(kind or DOCUMENT, wanted.object_sid)
        if root.sid not in readable:
            return permissions.unreadable(tx, actor, root)
        number = wanted.last_event_id
        is_collection = root.kind in (LIST, MAP) and actor.readable is None
        if is_collection and number is not None and epochs.is_earlier(number, root):
            # Nothing makes a client forget items that are lost; what it takes for removed, it opens anew. The
            # SDKs of Conversations would not, and are told what can be told (`replay.since`).
            return refusals.of_earlier_epoch(root.kind, root.sid)
        return None

    def _too_many(self, following: set[str]) -> ApiError | None:
        """Only Sync's own objects are bounded by number: those of Conversations are by its own limits."""
        most = self._settings.sync_subscriptions_max
        if len(following) < most:
            return None
        return ApiError(400, 54419, f"Too many subscriptions: one connection may have {most}")

    def _position(self, tx: Tx, session: LiveSession, root: Root) -> int:
        """The number behind which to replay for a client that names none."""
        if root.kind in (DOCUMENT, STREAM):
            return root.last_event_id
        return replay.counter_at(tx, root, session.first_init_ms - self._late_ms)

    def _answer(
        self, session: LiveSession, batch: Batch, outcomes: list[Outcome], pending: Pending
    ) -> Response:
        try:
            if not session.is_gone:  # else it was lost meanwhile; whoever joins now never leaves
                self._establish(session, batch, outcomes, pending)
        finally:
            self._hub.answered(session, pending)
        return Response(200, self._accepted)

    def _establish(
        self, session: LiveSession, batch: Batch, outcomes: list[Outcome], pending: Pending
    ) -> None:
        established: list[SubscriptionEntry] = []
        failed: list[SubscriptionEntry] = []
        list_is_behind = False
        for found in outcomes:
            outcome = _as_announced(found, pending, list_is_behind=list_is_behind)
            wanted, missed = outcome.wanted, outcome.replay
            list_is_behind |= outcome.goes_first and missed is not None and not missed.completed
            if missed is None:
                self._leave(session, wanted.object_sid)
                assert outcome.error is not None
                failed.append(_entry(wanted, error=failure(outcome.error)))
                continue
            for event in missed.events:
                session.send(self._notices.replayed(event, batch.correlation_id))
            if not outcome.is_put_off:
                _remember(session, wanted.object_sid, outcome.known, missed)
            if missed.completed:
                self._hub.join(session, wanted.object_sid, missed.last_event_id, told=bool(missed.events))
            else:  # it comes again from there; live events must not overtake what it has yet to read
                self._hub.leave(session, wanted.object_sid)
            established.append(
                _entry(
                    wanted,
                    replay_status="completed" if missed.completed else "interrupted",
                    last_event_id=None if outcome.is_stream else missed.last_event_id,
                )
            )
        self._tell(session, "established", batch, established)
        self._tell(session, "failed", batch, failed)

    def _cancel(self, session: LiveSession, batch: Batch) -> Response:
        for wanted in batch.requests:
            self._leave(session, wanted.object_sid)
        self._tell(session, "canceled", batch, [_entry(wanted) for wanted in batch.requests])
        return Response(200, self._accepted)

    def _leave(self, session: LiveSession, sid: str) -> None:
        self._hub.leave(session, sid)
        if session.interrupted:
            session.interrupted.pop(sid, None)

    def _tell(
        self, session: LiveSession, outcome: str, batch: Batch, entries: list[SubscriptionEntry]
    ) -> None:
        for frame in self._notices.subscription(
            outcome, batch.correlation_id, entries, batch.event_protocol_version
        ):
            session.send(frame)


def _put_off(wanted: Wanted) -> Outcome:
    return Outcome(wanted, replay=Replay([], wanted.last_event_id or 0, completed=False), is_put_off=True)


def _as_announced(outcome: Outcome, pending: Pending, *, list_is_behind: bool) -> Outcome:
    """What becomes of an entry, considering what was announced since the client asked.

    The list of a user's conversations is not joined below that: nothing told of one of them may come first.
    """
    sid, missed = outcome.wanted.object_sid, outcome.replay
    if missed is None or outcome.is_put_off:
        return outcome
    if not pending.stands(sid) or (list_is_behind and not outcome.goes_first):
        return _put_off(outcome.wanted)
    if outcome.goes_first and missed.completed and not pending.is_current(sid, missed.last_event_id):
        return replace(outcome, replay=replace(missed, completed=False))
    return outcome


def _is_behind(tx: Tx, actor: Actor, session: LiveSession) -> bool:
    """Whether the replay of the list of a user's own conversations is still to go on."""
    sids = list(session.interrupted or ())
    return bool(sids) and any(map(access.is_own_list, replay.standing(tx, actor, sids).values()))


def _up_to(bytes_max: int, missed: Replay) -> Replay:
    """The replay as far as the event that reaches `bytes_max`."""
    size = 0
    for number, event in enumerate(missed.events[:-1], 1):
        size += len(event.body)
        if size >= bytes_max:
            assert event.seq is not None  # it was replayed, so it was stored
            return Replay(missed.events[:number], event.seq, completed=False)
    return missed


def _known(session: LiveSession, sid: str, after: int) -> int:
    """What the client knew when the replay began that it goes on with; `after` if it begins now."""
    stopped, known = (session.interrupted or {}).get(sid, (after, after))
    return known if stopped == after else after


def _remember(session: LiveSession, sid: str, known: int, missed: Replay) -> None:
    if not missed.completed:
        session.interrupted = session.interrupted or {}
        session.interrupted[sid] = (missed.last_event_id, known)
    elif session.interrupted:
        session.interrupted.pop(sid, None)


def _entry(wanted: Wanted, **members: Any) -> SubscriptionEntry:
    return SubscriptionEntry(wanted.object_sid, wanted.object_type, **members)


_decode = msgspec.json.Decoder(Batch).decode
