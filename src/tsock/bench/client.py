"""A light Twilsock client: a raw protocol with callbacks, no task of its own.

It acknowledges whatever asks for it, and fails when a reply does not come. What fan-out sends to thousands
of clients are the same bytes, so what a piece of input holds, and how it is acknowledged, is worked out once
and remembered.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

import msgspec

from tsock.accounts.caller import SYNC
from tsock.errors import TsockError
from tsock.wire import frame
from tsock.wire.client import ack
from tsock.wire.headers import HttpRequest, Init, Message, Notification, Reply, Status, Values
from tsock.wire.reader import read_from_server
from tsock.wire.websocket import FINAL_BINARY, payload_span
from tsock.wire.websocket import frame as websocket_frame

PATIENCE_S = 20.0
"""How long anything may take that the server owes."""
HOST = "cds.us1.twilio.com"
_MASK = b"\x37\xfa\x21\x3d"
_UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_NO_STATUS = Status(0, "no status")

_json = msgspec.json.Encoder().encode
_numbers = count(1)

Answered = Callable[[bytes], None]
"""Gets the payload of a reply that is 2xx."""
Notified = Callable[[list[bytes]], None]
"""Gets the payloads of the notifications that one piece of input brought."""


class LoadError(TsockError):
    """The server did not do what was asked of it, so nothing was measured."""


class _Expected(NamedTuple):
    """A reply that has not come yet."""

    since_s: float
    what: str
    answered: Answered


class Client(asyncio.Protocol):
    """One connection, which presents its token once it is open.

    Whatever goes wrong is raised inside a callback of the loop, whose exception handler ends the run.
    """

    def __init__(self, token: str, host: str, path: str, ready: Callable[[], None]) -> None:
        """`ready` is called once the token was accepted."""
        self.notified: Notified = _ignored
        self.grant = SYNC
        """The product that requests are made under."""
        self.names_mutations = False
        """Whether each request has a mutation id of its own, as those of the SDKs of Conversations have."""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._token = token
        self._upgrade = _UPGRADE.format(host=host, path=path).encode()
        self._ready = ready
        self._open = False
        self._closed = False
        self._rest = b""
        self._waiting: dict[str, _Expected] = {}
        """By packet id, the oldest first."""
        self._transport: asyncio.Transport

    # The socket.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._upgrade)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self._open:
            head, complete, data = data.partition(b"\r\n\r\n")
            if not complete:
                self._rest = head
                return
            self._begin(head)
        found = _read(data)
        self._rest = found.rest
        if found.acks:
            self._transport.write(found.acks)
        for packet_id, payload in found.replies:
            self._waiting.pop(packet_id).answered(payload)
        if found.notifications:
            self.notified(found.notifications)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed:
            raise LoadError("the server ended a connection") from exc

    def close(self) -> None:
        """Drop the connection, as a network would."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._transport.abort()

    # Packets.

    def request(self, method: str, path: str, body: bytes, answered: Answered) -> None:
        """Send a request."""
        packet_id = self._expect(f"{method} {path}", answered)
        headers: Values = {"Content-Type": "application/json", "Twilio-Request-Id": "RQ" + packet_id[2:]}
        path, _, query = path.partition("?")
        params: Values = dict(parse_qsl(query)) if query else {}
        if self.names_mutations:
            headers["X-Twilio-Mutation-Id"] = packet_id
        request = HttpRequest(HOST, path, method, params=params, headers=headers)
        header = Message(id=packet_id, active_grant=self.grant, http_request=request, payload_size=len(body))
        self._send(header, body)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and wait for what it answers."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.request(method, path, b"" if body is None else _json(body), answer.set_result)
        return msgspec.json.decode(await answer)

    def _begin(self, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 101 "):
            raise LoadError(f"expected an upgrade to WebSocket, got {head[:60]!r}")
        self._open = True
        packet_id = self._expect("init", lambda _: self._ready())
        about = {"ver": "1.0.2", "type": "sync", "sdk": "JS", "env": "bench"}
        self._send(Init(id=packet_id, token=self._token, capabilities=["client_update"], metadata=about))

    def _expect(self, what: str, answered: Answered) -> str:
        packet_id = f"TM{next(_numbers):032x}"
        self._waiting[packet_id] = _Expected(self._loop.time(), what, answered)
        if self._timer is None:
            self._timer = self._loop.call_later(PATIENCE_S, self._look_for_lost)
        return packet_id

    def _look_for_lost(self) -> None:
        """Fail if the oldest request waits too long. One timer for all, which no request moves."""
        self._timer = None
        if not self._waiting:
            return
        oldest = next(iter(self._waiting.values()))
        left_s = oldest.since_s + PATIENCE_S - self._loop.time()
        if left_s <= 0:
            raise LoadError(f"{oldest.what}: no reply within {PATIENCE_S:g} s")
        self._timer = self._loop.call_later(left_s, self._look_for_lost)

    def _send(self, header: Init | Message, payload: bytes = b"") -> None:
        self._transport.write(_masked(frame.encode(_json(header), payload)))


class _Input(NamedTuple):
    replies: list[tuple[str, bytes]]
    notifications: list[bytes]
    acks: bytes
    rest: bytes


@lru_cache(maxsize=256)
def _read(data: bytes) -> _Input:
    """What some input holds: whole frames, and the beginning of the next."""
    replies: list[tuple[str, bytes]] = []
    notifications: list[bytes] = []
    acks: list[bytes] = []
    position = 0
    while (span := payload_span(data, position)) and span[1] <= len(data):
        if data[position] != FINAL_BINARY:
            raise LoadError(f"expected a binary frame, got {data[position : position + 40]!r}")
        start, position = span
        header_bytes, rest = frame.decode(data[start:position])
        header = read_from_server(header_bytes)
        payload = frame.payload(rest, header.payload_size)
        if isinstance(header, Reply):
            _require_success(header, payload)
            replies.append((header.id, payload))
            continue
        acks.append(_masked(ack(header.id)))
        if isinstance(header, Notification):
            notifications.append(payload)
    return _Input(replies, notifications, b"".join(acks), data[position:])


def _require_success(header: Reply, payload: bytes) -> None:
    for status in (header.status or _NO_STATUS, header.http_status):
        if status is None or status.code // 100 == 2:
            continue
        parts = (status.code, status.error_code, status.status, status.description, payload[:300].decode())
        said = " ".join(str(part) for part in parts if part and part is not msgspec.UNSET)
        raise LoadError(f"expected a reply 2xx, got {said}")


def _masked(packet: bytes) -> bytes:
    return websocket_frame(packet, mask=_MASK)


def _ignored(payloads: list[bytes]) -> None:
    pass
