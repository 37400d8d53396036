"""The door for customer JSON: what passes is valid, an object, of bounded size and on one line.

Behind it the text is stored and spliced into replies and events as it came, never decoded again. A raw line
break in it would end a Twilsock header early, and invalid UTF-8 would make the frame of
every subscriber unreadable; the JSON library passes both when it only skips over a value.
"""

from typing import NewType

import msgspec

from tsock.misread import UNREADABLE, found_instead
from tsock.sync import refusals
from tsock.sync.actor import SyncLimits
from tsock.sync.kinds import STREAM, Kind

Json = NewType("Json", str)
"""The text of one JSON object that went through this door."""

EMPTY = Json("{}")
"""What a document holds, and a list's context is, when nothing was given."""


class _AnyObject(msgspec.Struct):
    """Accepts a JSON object of any content: unknown members are checked and skipped, not built."""


_scan = msgspec.json.Decoder(_AnyObject).decode


def required(raw: bytes | None, kind: Kind, limits: SyncLimits) -> Json:
    """Check data that must be there: of an item, or of a message when `kind` is STREAM.

    Raises:
        ApiError: 54101, 54156, 54206, 54251 absent or null; 54008 not one JSON object; 54006 too long.
    """
    data = optional(raw, kind, limits)
    if data is None:
        raise refusals.data_missing(kind)
    return data


def optional(raw: bytes | None, kind: Kind, limits: SyncLimits) -> Json | None:
    """Check data that may be left out; None when it is absent or null.

    Raises:
        ApiError: 54008 not one JSON object; 54006 too long.
    """
    if raw is None or raw.strip() == b"null":
        return None
    bytes_max = limits.message_bytes_max if kind is STREAM else limits.data_bytes_max
    try:
        _scan(raw)
        if b"\n" in raw or b"\r" in raw:
            # Inside a string they would be invalid, so these stand between tokens and mean nothing.
            raw = msgspec.json.format(raw, indent=-1)
        text = raw.decode()
    except UNREADABLE as error:
        raise refusals.bad_json(found_instead(raw, error)) from None
    if len(raw) > bytes_max:
        raise refusals.too_large("data", len(raw), bytes_max)
    return Json(text)
