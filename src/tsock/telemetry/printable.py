"""Text for a terminal: what clients choose parts of must not steer it.

What is not printable moves the cursor (C0, C1), turns the writing round (bidirectional marks) or is not seen.
A line end is no exception: what comes behind it would pass for a line of ours.
"""

import re

_is_plain = re.compile(r"[ -~]*").fullmatch
# Line feeds are the layout's own: in its texts JSON has none.
_NOT_ASCII = re.compile(r"[^ -~\n]")


def printable(text: str) -> str:
    """`text` on one line, with what is not printable escaped."""
    if _is_plain(text):
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_json(document: str) -> str:
    """JSON that says the same, with what is not printable escaped as JSON does."""
    return _NOT_ASCII.sub(_escaped, document)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
