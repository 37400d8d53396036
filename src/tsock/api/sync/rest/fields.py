"""Parameters of Sync's REST requests: from text to what the rules take (`protocol/rest.md`, Sync)."""

import re

from tsock.api.request import Request
from tsock.api.rest.fields import Fields
from tsock.sync import data as json_data
from tsock.sync import params
from tsock.sync.actor import SyncLimits
from tsock.sync.data import Json
from tsock.sync.kinds import LIST, MAP, Kind

_SECONDS = re.compile(r"[0-9]{1,18}")


def data(form: Fields, kind: Kind, limits: SyncLimits) -> Json | None:
    """`Data`, None when it was left out or is null.

    Raises:
        ApiError: 54008 not one JSON object; 54006 too long.
    """
    return json_data.optional(_data(form), kind, limits)


def required_data(form: Fields, kind: Kind, limits: SyncLimits) -> Json:
    """`Data` of an item or message.

    Raises:
        ApiError: 54156, 54206, 54251 left out or null; 54008 and 54006, as `data`.
    """
    return json_data.required(_data(form), kind, limits)


def root_ttl(form: Fields, kind: Kind, limits: SyncLimits) -> int | None:
    """Seconds a root is to live: of a list or map `CollectionTtl`, and for all kinds `Ttl`.

    Raises:
        ApiError: 54011, not whole seconds in range.
    """
    names = ("CollectionTtl", "Ttl") if kind in (LIST, MAP) else ("Ttl",)
    return _ttl(form, limits, *names)


def item_ttl(form: Fields, limits: SyncLimits) -> int | None:
    """Seconds an item is to live, `ItemTtl` or `Ttl`.

    Raises:
        ApiError: 54011, not whole seconds in range.
    """
    return _ttl(form, limits, "ItemTtl", "Ttl")


def collection_ttl(form: Fields, limits: SyncLimits) -> int | None:
    """Seconds the list or map of an item is to live from now on.

    Raises:
        ApiError: 54011, not whole seconds in range.
    """
    return _ttl(form, limits, "CollectionTtl")


def if_match(request: Request) -> str | None:
    """The revision that the object must have; None when any will do.

    Raises:
        ApiError: 54003, nothing that could be a revision.
    """
    header = request.headers.get("if-match")
    return None if header is not None and header.strip() == "*" else params.if_match(header)


def _data(form: Fields) -> bytes | None:
    text = form.text("Data")
    return None if text is None else text.encode()


def _ttl(form: Fields, limits: SyncLimits, *names: str) -> int | None:
    """The first of these that is given; a long name stands before the short one that it makes void."""
    text = next((text for name in names if (text := form.text(name)) is not None), None)
    seconds = int(text) if text is not None and _SECONDS.fullmatch(text) else text
    return params.ttl(seconds, limits)
