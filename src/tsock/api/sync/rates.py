"""How often one Sync object may be read or written: quotas, off by default (`protocol/sync.md`, Limits)."""

from collections.abc import Callable
from typing import NoReturn

from tsock.api.request import Answer, Read, Request
from tsock.api.router import RouteHandler
from tsock.errors import ApiError
from tsock.ids import is_sid
from tsock.rates import Rate
from tsock.settings import Settings
from tsock.storage.store import Tx
from tsock.sync import tables
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.kinds import STREAM, Kind


class SyncRates:
    """Counts requests per object, as named in the path; item requests count for their list or map."""

    def __init__(self, settings: Settings, monotonic_s: Callable[[], float]) -> None:
        def quota(operation: str, per_s: float) -> _Quota:
            return _Quota(operation, per_s, settings.sync_burst_s, monotonic_s)

        self._writes = quota("write", settings.sync_writes_per_object_per_s)
        self._reads = quota("read", settings.sync_reads_per_object_per_s)
        self._creates = quota("create", settings.sync_creates_per_service_per_s)
        self._permissions = quota(
            "read or write of a permission", settings.sync_requests_per_permission_per_s
        )
        self._publishes = quota("publish", settings.sync_publishes_per_stream_per_s)

    def read(self, actor: Actor, kind: Kind, sid_or_name: str) -> None:
        """Count a read of one object.

        Raises:
            ApiError: 429/54009, as do the others; `TooOften` where the object is named by a unique name.
        """
        if not self._reads.take((actor.service_sid, kind.name, sid_or_name)):
            self._reads.refuse(actor, kind, sid_or_name)

    def write(self, actor: Actor, kind: Kind, sid_or_name: str, data: Json | None = None) -> None:
        """Count a write of one object or of its items; of data beyond 1 KiB each KiB, up to ten, is one."""
        weight = 1.0 if data is None else min(max(len(data) / 1024, 1.0), 10.0)
        if not self._writes.take((actor.service_sid, kind.name, sid_or_name), weight):
            self._writes.refuse(actor, kind, sid_or_name)

    def permission(self, actor: Actor, kind: Kind, sid_or_name: str, identity: str) -> None:
        """Count a read or write of what one identity may do with one object."""
        if not self._permissions.take((actor.service_sid, kind.name, sid_or_name, identity)):
            self._permissions.refuse(actor, kind, sid_or_name)

    def create(self, actor: Actor) -> None:
        """Count the creation of an object."""
        if not self._creates.take(actor.service_sid):
            raise self._creates.refusal("in service", actor.service_sid)

    def publish(self, actor: Actor, sid_or_name: str) -> None:
        """Count a message to one stream."""
        if not self._publishes.take((actor.service_sid, sid_or_name)):
            self._publishes.refuse(actor, STREAM, sid_or_name)


class TooOften(ApiError):
    """429/54009 for an object whose SID is still to be looked up."""

    def __init__(self, quota: "_Quota", actor: Actor, kind: Kind, name: str) -> None:
        refusal = quota.refusal(f"of {kind.name}", repr(name))
        super().__init__(refusal.status, refusal.code, refusal.message)
        self._quota = quota
        self._actor = actor
        self._kind = kind
        self._name = name

    def named(self, tx: Tx) -> NoReturn:
        """Raise it with the SID; without, if there is no such object."""
        root = tables.by_name(tx.one, self._actor.service_sid, self._kind, self._name)
        raise self if root is None else self._quota.refusal(f"of {self._kind.name}", root.sid)


def telling_which(handler: RouteHandler) -> RouteHandler:
    """The handler; where an object was asked for too often by its unique name, the refusal has its SID."""

    def handle(request: Request, *values: str) -> Answer:
        try:
            return handler(request, *values)
        except TooOften as refusal:
            return Read(refusal.named)

    return handle


class _Quota:
    """How often one operation is let through."""

    def __init__(
        self, operation: str, per_s: float, burst_s: float, monotonic_s: Callable[[], float]
    ) -> None:
        rate = Rate(per_s, per_s * burst_s, monotonic_s)
        self.take: Callable[..., bool] = rate.take
        self._operation = operation
        self._limit = f"{per_s:g}/s, with a burst of {burst_s:g} s"

    def refuse(self, actor: Actor, kind: Kind, sid_or_name: str) -> NoReturn:
        """Say that this object was asked for too often."""
        if is_sid(sid_or_name):
            raise self.refusal(f"of {kind.name}", sid_or_name)
        raise TooOften(self, actor, kind, sid_or_name)

    def refusal(self, of_what: str, sid: str) -> ApiError:
        """429/54009, about the object or service with this SID; `of_what` stands before that."""
        return ApiError(
            429,
            54009,
            f"Rate limit exceeded: {self._operation} {of_what} {sid} is limited to {self._limit}; repeat the "
            "request later",
            about=sid,
        )
