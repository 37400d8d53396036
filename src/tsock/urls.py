"""How a URL that a customer configured is shown."""

import re

_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")


def without_password(text: str) -> str:
    """The text, without what stands before the host in a URL."""
    return _CREDENTIALS.sub(r"\1", text)
