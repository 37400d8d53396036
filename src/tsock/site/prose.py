"""Texts taken apart into what a page shows in different ways."""

import re
from typing import Literal

from tsock import dictionary

Markup = Literal["text", "literal", "code", "id"]

_ID = r"\b[A-Z]{2}[0-9a-f]{32}\b"
_SPECIAL = re.compile(rf"`([^`]+)`|\b(\d{{5}})\b|({_ID})")
_IDS = re.compile(f"({_ID})")


def prose(text: str) -> list[tuple[Markup, str]]:
    """The parts of a sentence of ours in order: plain, what stands in backticks, known codes, ids."""
    parts: list[tuple[Markup, str]] = []
    plain = 0
    for found in _SPECIAL.finditer(text):
        literal, code, sid = found.groups()
        if code is not None and dictionary.lookup(int(code)) is None:
            continue
        parts.append(("text", text[plain : found.start()]))
        parts.append(("literal", literal) if literal else ("code", code) if code else ("id", sid))
        plain = found.end()
    parts.append(("text", text[plain:]))
    return parts


def ids(text: str) -> list[tuple[Markup, str]]:
    """The parts of a text that somebody else chose: plain, and ids."""
    return [("id" if number % 2 else "text", part) for number, part in enumerate(_IDS.split(text))]
