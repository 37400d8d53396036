"""Text for a terminal: what clients choose parts of must not steer it.

What is not printable moves the cursor (C0, C1), turns the writing round (bidirectional marks) or is not seen.
"""

import re

_is_plain = re.compile(r"[ -~]*").fullmatch
_NOT_ASCII = re.compile(r"[^ -~\n]")


def printable(text: str) -> str:
    """`text` with what is not printable escaped, but for line ends."""
    if _is_plain(text):
        return text
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def printable_json(document: str) -> str:
    """JSON that says the same, with what is not printable escaped as JSON does."""
    return _NOT_ASCII.sub(_escaped, document)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
