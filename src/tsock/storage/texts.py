"""What a text in a column can hold: every character but U+0000, for which PostgreSQL has no room.

Customer data, attributes and the bodies of messages are columns of JSON, where that is an escape: they may
have it.
"""

from tsock.errors import invalid

NUL = "\0"


def refuse_nul(text: str, what: str) -> None:
    """Refuse a text that no column can hold; `what` names it, for the error.

    Raises:
        ApiError: 400/20422.
    """
    if NUL in text:
        raise invalid(f"expected {what} without the character U+0000, which only data in JSON can have")


def measured(text: str) -> str:
    """How long a text is that was refused, and whether it has U+0000; for the error."""
    return f"{len(text)} characters{', U+0000 among them' if NUL in text else ''}"
