"""The error dictionary: what each code means, what causes it and what helps.

Codes and titles are those that Twilio publishes, so that a search for either finds help; the rest is in our
own words and speaks of this server. The data are in `errors.json`, one entry a line.
"""

import difflib
import functools
import re
from importlib import resources
from typing import Literal

import msgspec

AREAS = {
    "twilsock": "Gateway",
    "client-connection": "Connections",
    "token": "Access Tokens",
    "auth": "Credentials",
    "account": "Accounts and keys",
    "iam": "Key management",
    "rest": "REST requests",
    "rate": "Rates",
    "webhook": "Webhooks",
    "sync": "Sync",
    "conversations": "Conversations",
    "conversations-messaging": "Conversations over other channels",
    "media": "Media",
}
"""The parts of the server that errors belong to, and what to call them, in the order of reading."""

UNPUBLISHED = frozenset((51207, 51214, 51232))
"""Codes that the gateway sends and that Twilio's dictionary does not have."""

OF_TOKENS = frozenset(("denied", "refused", "rejected"))
"""Words for what happens to a client whose token is no good; `denied` is a state of the SDKs."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One error."""

    code: int
    title: str
    area: str
    """The part of the server it belongs to, one of `AREAS`."""
    status: int | None
    """HTTP status that goes with it; None for what only a log or an Alert shows."""
    level: Literal["error", "warning"]
    meaning: str
    causes: tuple[str, ...]
    fixes: tuple[str, ...]


def lookup(code: int) -> Entry | None:
    """The entry of `code`; None if the dictionary has none."""
    return entries().get(code)


def code_in(word: str) -> int | None:
    """The code that a word is, with or without the E of a log; it need not be in the dictionary."""
    found = re.fullmatch("E?([0-9]{2,9})", word, re.IGNORECASE)
    return None if found is None else int(found[1])


def words_in(text: str) -> list[str]:
    """What is asked for in a text: codes and words, between blanks and commas."""
    return [word for word in re.split(r"[\s,]+", text) if word]


def title(code: int) -> str:
    """The published title of `code`, which must be in the dictionary."""
    return entries()[code].title


def suggest(text: str, limit: int = 5) -> list[Entry]:
    """Entries that `text` may be about, best first, at most `limit`.

    Text with a number in it, such as `51251` or `Error 51251:`, finds that code and those that look like it;
    other text finds entries that contain its words, those with a word in the title first.
    """
    number = re.search(r"\d{2,}", text)
    if number is not None:
        known = {str(code): entry for code, entry in entries().items()}
        return [known[near] for near in difflib.get_close_matches(number[0], known, n=limit, cutoff=0.75)]
    words = set(re.findall(r"\w{2,}", text.lower()))
    if words and words <= OF_TOKENS:
        words = {"token"}
    ranked = sorted((-_relevance(entry, words), entry.code) for entry in entries().values())
    return [entries()[code] for relevance, code in ranked[:limit] if relevance < 0]


@functools.cache
def entries() -> dict[int, Entry]:
    """All entries by code, in ascending order."""
    data = resources.files("tsock").joinpath("errors.json").read_bytes()
    return {entry.code: entry for entry in msgspec.json.decode(data, type=list[Entry])}


def _relevance(entry: Entry, words: set[str]) -> int:
    """How many of `words` the entry has; one in the title counts more than all of them elsewhere."""
    heading = entry.title.lower()
    text = " ".join((entry.meaning, *entry.causes, *entry.fixes)).lower()
    return sum((word in heading) * len(words) * 2 + (word in text) for word in words)
