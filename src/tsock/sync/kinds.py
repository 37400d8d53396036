"""The four kinds of Sync object and what differs between them by name or number."""

import msgspec


class Kind(msgspec.Struct, frozen=True, gc=False):
    """One kind of root object."""

    name: str
    """As `object_type` and as the first word of event types and members."""
    title: str
    """As error messages name it."""
    prefix: str
    """First two letters of its SIDs."""
    segment: str
    """Path segment of its collection."""
    not_found: int
    """Error code for a SID that names no such object."""
    first_event_id: int
    """Its counter when it is fresh."""
    message_type: str
    """Type of the notifications that carry its live events."""


SYNC_EVENT = "twilio.sync.event"
"""Type of the notifications that carry subscription messages, replayed events and all of streams."""

DOCUMENT = Kind("document", "Document", "ET", "Documents", 54100, 0, "com.twilio.rtd.cds.document")
LIST = Kind("list", "List", "ES", "Lists", 54150, -1, "com.twilio.rtd.cds.list")
MAP = Kind("map", "Map", "MP", "Maps", 54200, -1, "com.twilio.rtd.cds.map")
STREAM = Kind("stream", "Message Stream", "TO", "Streams", 54250, 0, SYNC_EVENT)

KINDS = {kind.name: kind for kind in (DOCUMENT, LIST, MAP, STREAM)}
"""By name."""

KIND_OF_PREFIX = {kind.prefix: kind for kind in KINDS.values()}
"""By the first two letters of a SID."""
