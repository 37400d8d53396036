"""Rows as rules see them. Fields stand in the order of the columns that `tables` selects."""

from urllib.parse import quote

import msgspec

from tsock.sync.data import Json
from tsock.sync.kinds import KIND_OF_PREFIX, STREAM, Kind


class Root(msgspec.Struct, gc=False):
    """A document, list, map or stream, as of the transaction that read or changed it."""

    sid: str
    service_sid: str
    unique_name: str | None
    last_event_id: int
    """The counter; means nothing for a stream."""
    next_index: int
    """Of a list: the index of the next push."""
    item_count: int
    context_event_id: int
    """Of a list: the event that last changed its context; -1 when none has."""
    created_by: str
    date_created_ms: int
    date_updated_ms: int
    date_expires_ms: int | None
    data: Json | None = None
    """A document's data or a list's context; None where it was not asked for."""

    @property
    def kind(self) -> Kind:
        """What it is, as its SID tells."""
        return KIND_OF_PREFIX[self.sid[:2]]

    @property
    def revision(self) -> str | None:
        """The opaque text clients compare; a stream has none."""
        kind = self.kind
        if kind is STREAM:
            return None
        return f"{self.last_event_id - kind.first_event_id:x}"


class Item(msgspec.Struct, gc=False):
    """An item of a list or map, or what remains of a removed one."""

    object_sid: str
    key: int | str
    """Index in a list, key in a map."""
    created_event_id: int
    last_event_id: int
    removed: int
    """1 for a tombstone, whose `last_event_id` and `date_updated_ms` are those of the removal."""
    created_by: str
    date_created_ms: int
    date_updated_ms: int
    date_expires_ms: int | None
    data: Json

    @property
    def revision(self) -> str:
        """The opaque text clients compare."""
        return f"{self.last_event_id:x}"

    @property
    def segment(self) -> str:
        """Index or key, percent-encoded, as the last segment of its path."""
        return str(self.key) if isinstance(self.key, int) else quote(self.key, safe="")


def is_live(row: Root | Item, now_ms: int) -> bool:
    """Whether `row` has not expired; what has is absent, swept or not."""
    return row.date_expires_ms is None or row.date_expires_ms > now_ms


def present(row: Item | None, now_ms: int) -> Item | None:
    """The item itself, unless there is no row, or a tombstone, or it has expired."""
    return row if row is not None and not row.removed and is_live(row, now_ms) else None


def next_date_ms(row: Root | Item, date_ms: int) -> int:
    """The date of a change of `row` made now: later than that of the one before."""
    return max(date_ms, row.date_updated_ms + 1)


def expiry_ms(now_ms: int, ttl_s: int) -> int | None:
    """When something ends that was given `ttl_s` seconds now; 0 is never."""
    return now_ms + ttl_s * 1000 if ttl_s else None
