"""Which part of a text keeps it from being a webhook URL.

It is told without user, password and what stands behind the host: those may hold secrets.
"""

import re
from urllib.parse import quote

foreign = re.compile(r"[^A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]").search
"""A character that no URL has (RFC 3986)."""

_scheme = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://").match
_unencoded = re.compile(r"%(?![0-9A-Fa-f]{2})").search
_place = re.compile(r"(\[[^\]]*\]?|[^:]*)(?::(.*))?", re.DOTALL).fullmatch
_host = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+").fullmatch
_port = re.compile(r"[0-9]{1,5}").fullmatch
_CREDENTIALS = "its user and password are not percent-encoded"


def fault(url: str) -> str:
    """What is wrong with a text that cannot be read as a URL of a webhook; completes "expected a URL: "."""
    found = _scheme(url)
    if found is None:
        place = re.split("[/?#]", url.rpartition("@")[2])[0]
        return f"it begins with neither http:// nor https://, but with {place!r:.64}"
    if found[1].lower() not in ("http", "https"):
        return f"its scheme is {found[1]!r:.32}"
    authority = re.split("[/?#]", url[found.end() :])[0]
    behind = url[found.end() + len(authority) :]
    credentials, _, place = authority.rpartition("@")
    wrong = _wrong_place(place)
    if (
        wrong and "@" in behind and not credentials
    ):  # a slash in a password ends what looks like host and port
        return _CREDENTIALS
    return wrong or _wrong_rest(behind) or _CREDENTIALS


def encoding_fault(url: str) -> str:
    """The same of a URL that can be read all the same, and called; empty if nothing is wrong."""
    if _unencoded(url):
        return "each % in it is followed by two hex digits: a % by itself is %25"
    path = re.split("[?#]", url)[0].partition("://")[2].partition("/")[2]
    bracket = next((character for character in path if character in "[]"), None)
    return "" if bracket is None else _percent(bracket)


def _wrong_place(place: str) -> str:
    found = _place(place)
    assert found is not None  # any text has this form
    host, port = found[1], found[2]
    if not host:
        return "it has no host"
    if not host.isascii():
        return f"its host is {host!r:.64}: write it in Punycode{_in_punycode(host)}"
    if _host(host) is None:
        return f"its host is {host!r:.64}, neither a name nor an address (one of IPv6 in brackets)"
    if port is not None and (_port(port) is None or not 0 < int(port) <= 65_535):
        return f"its port is {port!r:.16}, expected 1 to 65535"
    return ""


def _in_punycode(host: str) -> str:
    try:
        return f", {host.encode('idna').decode()}"
    except UnicodeError:
        return ""


def _wrong_rest(behind: str) -> str:
    found = foreign(behind)
    return _percent(found[0]) if found else ""


def _percent(character: str) -> str:
    shown = "blank" if character == " " else repr(character)
    encoded = quote(character, safe="", errors="replace")
    return f"it has no {shown} ({encoded}) there: percent-encode it"
