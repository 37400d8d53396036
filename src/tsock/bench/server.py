"""The server under load, and what is known of it."""

import base64
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import SigningKey
from tsock.bench.process import Process
from tsock.errors import ConfigError
from tsock.tokens.mint import mint

PATH = "/v3/wsconnect"
_PORTS = {"ws": 80, "wss": 443}


@dataclass(frozen=True)
class Endpoint:
    """Where clients connect."""

    host: str
    port: int
    path: str = PATH
    tls: bool = False

    @classmethod
    def read(cls, url: str) -> "Endpoint":
        """The endpoint in `ws://HOST[:PORT][/PATH]` or `wss://…`.

        Raises:
            ConfigError: it is no such URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.username:
            raise ConfigError(f"--url: expected ws://HOST:PORT or wss://HOST, got {url[:100]}")
        path = PATH if parts.path in ("", "/") else parts.path
        return cls(parts.hostname, port or _PORTS[parts.scheme], path, parts.scheme == "wss")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ws{'s' if self.tls else ''}://{host}:{self.port}{self.path}"


def identity(number: int) -> str:
    """Who the token of that number is for."""
    return f"bench-{number}"


@dataclass(frozen=True)
class Signer:
    """Makes Access Tokens for as many identities as a load has clients."""

    key: SigningKey
    service_sid: str
    """Of Sync."""
    chat_service_sid: str = "default"

    @property
    def authorization(self) -> str:
        """The header that the key opens REST with."""
        credentials = f"{self.key.key_sid}:{self.key.secret}"
        return "Basic " + base64.b64encode(credentials.encode()).decode()

    def tokens(self, number: int) -> list[str]:
        """One for each identity."""
        return self._minted(range(number), {SYNC: self.service_sid})

    def chat_tokens(self, number: int, first: int = 0) -> list[str]:
        """The same for Conversations, from the identity of number `first` on."""
        return self._minted(range(first, first + number), {CHAT: self.chat_service_sid})

    def _minted(self, numbers: Iterable[int], products: dict[str, str]) -> list[str]:
        now_s = int(time.time())
        return [mint(self.key, identity(n), products, now_s=now_s) for n in numbers]


@dataclass(frozen=True)
class GivenToken:
    """The token that every client presents, where no key is at hand."""

    token: str = field(repr=False)

    def tokens(self, number: int) -> list[str]:
        """The same for everybody."""
        return [self.token] * number


class Connection(Protocol):
    """Somebody who is connected."""

    def close(self) -> None:
        """Drop the connection at once."""
        ...


@dataclass(frozen=True)
class Host:
    """A server on this machine, seen from outside."""

    process: Process
    data: Path
    """Its data directory."""


@dataclass(frozen=True)
class Server:
    """Where the load goes, and as whom."""

    endpoint: Endpoint
    signer: Signer | GivenToken
    host: Host | None = None
    """None when the server runs elsewhere: nothing is known of its CPU, memory and disk."""
    ttl_s: int = 0
    """How long the objects live that a load makes; 0 is for good."""
    clients: set[Connection] = field(default_factory=set[Connection], repr=False)
    """Everybody who connected and was not dropped yet."""

    @property
    def process(self) -> Process | None:
        """The server, where its CPU time can be read."""
        return self.host.process if self.host else None

    def tokens(self, number: int) -> list[str]:
        """Access Tokens for that many clients."""
        return self.signer.tokens(number)
