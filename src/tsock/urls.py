"""How a URL that a customer configured is shown."""

import re

# Without the scheme: to look for the beginning of one takes the square of the length of a long word.
_CREDENTIALS = re.compile(r"(?<=://)[^/?#]*@")


def without_password(text: str) -> str:
    """The text, without what stands before the host in a URL."""
    return _CREDENTIALS.sub("", text)
