"""How often one Sync object may be read or written: quotas, off by default (`protocol/sync.md`, Limits)."""

from collections.abc import Callable

from tsock.errors import ApiError
from tsock.rates import Rate
from tsock.settings import Settings
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.kinds import Kind


class SyncRates:
    """Counts requests per object, as named in the path; item requests count for their list or map."""

    def __init__(self, settings: Settings, monotonic_s: Callable[[], float]) -> None:
        def rate(per_s: float) -> Rate:
            return Rate(per_s, per_s * settings.sync_burst_s, monotonic_s)

        self._writes = rate(settings.sync_writes_per_object_per_s)
        self._reads = rate(settings.sync_reads_per_object_per_s)
        self._creates = rate(settings.sync_creates_per_service_per_s)
        self._permissions = rate(settings.sync_requests_per_permission_per_s)
        self._publishes = rate(settings.sync_publishes_per_stream_per_s)

    def read(self, actor: Actor, kind: Kind, sid_or_name: str) -> None:
        """Count a read of one object.

        Raises:
            ApiError: 429/54009, as do the others.
        """
        _count(self._reads, (actor.service_sid, kind.name, sid_or_name))

    def write(self, actor: Actor, kind: Kind, sid_or_name: str, data: Json | None = None) -> None:
        """Count a write of one object or of its items; of data beyond 1 KiB each KiB, up to ten, is one."""
        weight = 1.0 if data is None else min(max(len(data) / 1024, 1.0), 10.0)
        _count(self._writes, (actor.service_sid, kind.name, sid_or_name), weight)

    def permission(self, actor: Actor, kind: Kind, sid_or_name: str, identity: str) -> None:
        """Count a read or write of what one identity may do with one object."""
        _count(self._permissions, (actor.service_sid, kind.name, sid_or_name, identity))

    def create(self, actor: Actor) -> None:
        """Count the creation of an object."""
        _count(self._creates, actor.service_sid)

    def publish(self, actor: Actor, sid_or_name: str) -> None:
        """Count a message to one stream."""
        _count(self._publishes, (actor.service_sid, sid_or_name))


def _count(rate: Rate, key: object, weight: float = 1.0) -> None:
    if not rate.take(key, weight):
        raise ApiError(429, 54009, "Rate limit exceeded: repeat the request later")
