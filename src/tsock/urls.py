"""URLs that customers configure: which text is one, and how it is shown."""

import re
from urllib.parse import urlsplit

_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")


def is_web_url(text: str, chars_max: int) -> bool:
    """Whether this is an absolute http(s) URL of at most `chars_max` characters."""
    if len(text) > chars_max or not text.isascii() or any(ord(c) <= 32 for c in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def without_password(text: str) -> str:
    """The text, without what stands before the host in a URL."""
    return _CREDENTIALS.sub(r"\1", text)
