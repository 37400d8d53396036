"""JSON text of the few values in bodies that customers do not give as JSON: names, keys and dates."""

import msgspec

from tsock.clock import iso_ms


def text(value: str) -> str:
    """A string in quotes, escaped."""
    return msgspec.json.encode(value).decode()


def text_or_null(value: str | None) -> str:
    """The same for what may be absent."""
    return "null" if value is None else text(value)


def item_name(key: int | str, prefix: str = "") -> str:
    """The member that names an item, of a list `"index":3` and of a map `"key":"k"`."""
    return f'"{prefix}index":{key}' if isinstance(key, int) else f'"{prefix}key":{text(key)}'


def date_or_null(at_ms: int | None) -> str:
    """A moment in Unix milliseconds as `"2023-11-14T22:15:00.000Z"`, quotes included."""
    return "null" if at_ms is None else f'"{iso_ms(at_ms)}"'
