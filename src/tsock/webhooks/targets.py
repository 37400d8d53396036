"""Where a webhook may go: its URL taken apart, and the addresses that are out of bounds.

The only reader of webhook URLs, so that what is checked, connected to and signed cannot differ.
"""

import functools
import ipaddress
import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NewType
from urllib.parse import parse_qsl, unquote

import msgspec

from tsock.errors import ConfigError
from tsock.webhooks.malformed import encoding_fault, fault, foreign

StoredUrl = NewType("StoredUrl", str)
"""A webhook URL as it is at rest: with its password sealed, if it has one (`accounts/webhook_urls.py`).

All else of it can be read as that of any URL.
"""

ANY = "any"
"""In place of hosts and networks: every address may be called."""

_url = re.compile(
    r"(?P<scheme>(?i:https?))://(?:(?P<user>[\w.~!$&'()*+,;=%-]*)(?::(?P<password>[\w.~!$&'()*+,;=:%-]*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#(?P<fragment>.*))?"
).fullmatch

_OVERRIDES = {"ct": (100, 10_000), "rt": (100, 15_000), "tt": (100, 15_000), "rc": (0, 5)}
"""What a fragment may set, with the least and the greatest value."""

_FORBIDDEN_V4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared between a provider and its customers
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and where clouds tell a machine its secrets
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",
    )
]
_GLOBAL_V6 = IPv6Network("2000::/3")
"""The Internet has no hosts outside; there are ::1, fc00::/7, fe80::/10 and ff00::/8, for instance."""
_FORBIDDEN_V6 = [
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols; Teredo among them, which wraps IPv4 addresses
        "2001:db8::/32",
        "2002::/16",  # 6to4, which wraps IPv4 addresses
        "3fff::/20",
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")


class Target(msgspec.Struct, frozen=True):
    """A webhook URL, taken apart."""

    url: str
    """What is signed and called: as configured, but in the form of `configured` and without the fragment."""
    scheme: str
    host: str
    """Name or address, in small letters; an IPv6 address without brackets."""
    port: int
    authority: str
    """Host and port as configured, which is the `Host` header."""
    path: str
    """Path and query, as the request line has them."""
    user: str | None
    password: str
    connect_timeout_ms: int | None = None
    read_timeout_ms: int | None = None
    timeout_ms: int | None = None
    """For the whole attempt."""
    retries_max: int | None = None

    @property
    def public_url(self) -> str:
        """The URL without credentials, for records."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @classmethod
    def read(cls, url: str) -> "Target":
        """Take `url` apart.

        Raises:
            ValueError: it is no absolute http(s) URL; says why, and what was expected.
        """
        found = None if foreign(url) else _url(url)
        if found is None or not 0 < int(found["port"] or 1) <= 65_535:
            raise ValueError(f"expected an absolute http(s) URL: {fault(url)}")
        before = url[: found.end("port") if found["port"] else found.end("host")]
        query = found["query"] or ""
        path = (found["path"] or "/") + (query if query != "?" else "")
        scheme, set_by_url = found["scheme"].lower(), _overrides(found["fragment"] or "")
        return cls(
            url=before + path,
            scheme=scheme,
            host=found["host"].lower().strip("[]"),
            port=int(found["port"] or (443 if scheme == "https" else 80)),
            authority=before[found.start("host") :],
            path=path,
            user=unquote(found["user"]) if found["user"] else None,
            password=unquote(found["password"] or ""),
            connect_timeout_ms=set_by_url.get("ct"),
            read_timeout_ms=set_by_url.get("rt"),
            timeout_ms=set_by_url.get("tt"),
            retries_max=set_by_url.get("rc"),
        )

    def with_query(self, query: str) -> "Target":
        """The same with further parameters, percent-encoded."""
        mark = "&" if "?" in self.path else "?"
        return msgspec.structs.replace(self, url=f"{self.url}{mark}{query}", path=f"{self.path}{mark}{query}")

    def __repr__(self) -> str:
        return f"Target({self.scheme}://{self.authority})"


def configured(url: str, chars_max: int) -> str:
    """The form in which `url` is kept, shown, called and signed.

    It has a `/` for an empty path and no bare `?`, so that every validator accepts it, as it was configured
    and as it was called; all else stays as given.

    Raises:
        ValueError: it names no target, has a character where no URL has it, or more than `chars_max`; says
            what was expected.
    """
    _, mark, fragment = url.partition("#")
    found = f"{Target.read(url).url}{mark}{fragment}"
    flaw = encoding_fault(url)
    if flaw:
        raise ValueError(f"expected an absolute http(s) URL: {flaw}")
    if len(found) > chars_max:
        raise ValueError(
            f"expected an absolute http(s) URL of at most {chars_max} characters, not {len(url)}"
        )
    return found


def replace_password(url: str, change: Callable[[str], str]) -> str:
    """`url` with another password in place of the one that it has, if it has one; both as URLs write them."""
    found = _url(url)
    if found is None or not found["password"]:
        return url
    begin, end = found.span("password")
    return url[:begin] + change(url[begin:end]) + url[end:]


@functools.lru_cache(maxsize=1024)
def lane(url: str) -> str:
    """Host and port of `url`: what is slow or down together; empty for a malformed URL."""
    try:
        target = Target.read(url)
    except ValueError:
        return ""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{host}:{target.port}"


class PrivateTargets:
    """The hosts and networks that may be called although the Internet has no part in them."""

    def __init__(self, allowed: Sequence[str]) -> None:
        """Take in `webhook_private_targets`: addresses, networks, host names, or `any`.

        Raises:
            ConfigError: one of them is none of these.
        """
        self._any = ANY in allowed
        self._networks: list[IPv4Network | IPv6Network] = []
        self._hosts: set[str] = set()
        for text in allowed:
            try:
                self._networks.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                if not re.fullmatch(r"[A-Za-z0-9._-]+", text):
                    raise ConfigError(
                        "webhook_private_targets: expected addresses, networks such as 10.0.0.0/8, host "
                        f"names or {ANY}; got {text!r:.80}"
                    ) from None
                self._hosts.add(text.lower())

    def permits(self, host: str, address: str) -> bool:
        """Whether `address`, to which `host` resolved, may be connected to."""
        found = unwrapped(address)
        return (
            self._any
            or host.lower() in self._hosts
            or any(found in network for network in self._networks)
            or is_public(found)
        )


def unwrapped(address: str) -> IPv4Address | IPv6Address:
    """The address meant: that of IPv4 where IPv6 wraps one, as IPv4-mapped or for NAT64."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found in _NAT64:
            return IPv4Address(int(found) & 0xFFFF_FFFF)
    return found


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it can be a host of the Internet, rather than this machine, its network or nothing at all."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _FORBIDDEN_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _FORBIDDEN_V6)


def _overrides(fragment: str) -> dict[str, int]:
    """What the fragment sets; a value that is no number within its bounds is passed over."""
    found: dict[str, int] = {}
    for name, text in parse_qsl(fragment):
        if name in _OVERRIDES and re.fullmatch("[0-9]{1,5}", text):
            low, high = _OVERRIDES[name]
            if low <= int(text) <= high:
                found[name] = int(text)
    return found
