"""Sentences of the dictionary and of reports, taken apart into what a page shows in different ways."""

import re
from typing import Literal

from tsock import dictionary

Markup = Literal["text", "literal", "code"]

_SPECIAL = re.compile(r"`([^`]+)`|\b(\d{5})\b")


def prose(text: str) -> list[tuple[Markup, str]]:
    """The parts of `text` in order: plain text, what stands in backticks, and codes of the dictionary."""
    parts: list[tuple[Markup, str]] = []
    plain = 0
    for found in _SPECIAL.finditer(text):
        kind: Markup = "code" if found[1] is None else "literal"
        part: str = found[1] or found[2]
        if kind == "code" and dictionary.lookup(int(part)) is None:
            continue
        parts.append(("text", text[plain : found.start()]))
        parts.append((kind, part))
        plain = found.end()
    parts.append(("text", text[plain:]))
    return parts
