"""How a report speaks of values: precise enough to act on, and never repeating what could be a secret."""

import re
from typing import TypeGuard

from tsock.ids import is_sid
from tsock.tokens.jws import OUT_OF_RANGE, Unusable

_is_plain = re.compile("[A-Za-z0-9;=._/-]{1,20}").fullmatch
"""Short words, as header fields hold; a secret is longer."""
_is_filler = re.compile(
    r"<[^<>]*>|\[[^\[\]]*\]|\{.*\}|\$.+|%.+%|#\{.*\}"  # a template
    r"|(?:[A-Z]{2})?(?:[xX]{4,}|[*]{3,}|[.]{3,}|\u2026|[#]{3,}|[?]{3,}|_{3,}|-{3,}).*"  # ACxxxx
    r"|[A-Z]{2}[.]{2,}.*"
    r"|(?i:.*\b(?:your|my|insert|replace|change|changeme|todo|example|placeholder|here)(?:\b|[_-]).*)"
    r"|(?i:(?:your|my|insert|replace|example)[_-]?\w*|\w*(?:changeme|placeholder|_here|xxxx)\w*)"
    r"|[A-Z]+(?:_[A-Z]+)+"  # the name of the variable
).fullmatch
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
        case str() if is_sid(value) or (_is_plain(value) and not is_placeholder(value)):
            return value
        case str():
            return counted(len(value), "character", "a text of ")
        case Unusable():
            return value.what
        case _:
            return "a list" if isinstance(value, list) else "an object"


def suspect(value: object) -> str:
    """The same, and what is peculiar about a text that was to be something else."""
    more = ""
    if isinstance(value, str) and is_placeholder(value):
        more = " that looks like a placeholder"
    elif isinstance(value, str) and any(map(str.isspace, value)):
        more = " with blanks in it"
    return describe(value) + more


def is_placeholder(text: str) -> bool:
    """Whether it stands where something was to be put in: `ACxxxxxxxx`, `<your-sid>`, `YOUR_API_KEY`."""
    return _is_filler(text.strip()) is not None


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
