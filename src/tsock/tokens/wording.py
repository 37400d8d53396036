"""How a report speaks of values: precise enough to act on, and never repeating what could be a secret."""

import re
from typing import TypeGuard

from tsock.ids import is_sid
from tsock.tokens.jws import OUT_OF_RANGE, Unusable

_is_plain = re.compile("[A-Za-z0-9;=._/-]{1,20}").fullmatch
"""Short words, as header fields hold; a secret is longer."""
_NUMBER_MAX = 2**64


def describe(value: object) -> str:
    """What kind of JSON value it is; SIDs, numbers and short words are shown."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:.17g}" if is_number(value) else OUT_OF_RANGE.what
        case "":
            return "an empty text"
        case str() if is_sid(value) or _is_plain(value):
            return value
        case str():
            return counted(len(value), "character", "a text of ")
        case Unusable():
            return value.what
        case _:
            return "a list" if isinstance(value, list) else "an object"


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number to calculate with; one of hundreds of digits is JSON, too."""
    return (type(value) is int or type(value) is float) and abs(value) <= _NUMBER_MAX


def counted(number: int, noun: str, before: str = "") -> str:
    """`3 parts`, `1 part`."""
    return f"{before}{number} {noun}{'' if number == 1 else 's'}"


def span(seconds: float) -> str:
    """A length of time by its two largest units: `3 h 12 min`."""
    left = abs(round(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def distance(at_ms: float, now_ms: int) -> str:
    """A moment, seen from now: `in 5 min`, `3 h 12 min ago`."""
    ahead_s = (at_ms - now_ms) / 1000
    return f"in {span(ahead_s)}" if ahead_s > 0 else f"{span(ahead_s)} ago"
