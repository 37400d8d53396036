"""A proxy that overhears clients, and answers in the server's place where a test says so."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from tsock.wire import frame

Answer = tuple[int, Any]
"""A status, and a body that is sent as JSON."""


class Asked(NamedTuple):
    """A request through the tunnel, as it left the client."""

    method: str
    host: str
    path: str
    params: dict[str, Any]
    headers: dict[str, Any]
    grant: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wiretap:
    """Clients that connect to `uri` reach the server, and are overheard."""

    def __init__(self, server_uri: str) -> None:
        self.uri = ""
        self.decide: Callable[[Asked], Answer | None] = lambda asked: None
        """Answers a request, which then never reaches the server; None leaves it to that."""
        self._server_uri = server_uri
        self._packets: list[tuple[dict[str, Any], bytes]] = []

    def packets(self, method: str) -> list[dict[str, Any]]:
        """The headers of all packets of this method that clients sent, in order."""
        return [header for header, _ in list(self._packets) if header["method"] == method]

    def asked(self, method: str | None = None, ending: str = "") -> list[Asked]:
        """All requests, of one method or of any, whose path ends so, in order."""
        requests = [_asked(header, body) for header, body in list(self._packets) if _is_request(header)]
        return [one for one in requests if method in (None, one.method) and one.path.endswith(ending)]

    def carry(self, client: ServerConnection) -> None:
        """Serve one connection until either side ends it."""
        with connect(self._server_uri, compression=None, max_size=None) as server:
            downward = Thread(target=_forward, args=(server, client))
            downward.start()
            for packet in client:
                assert isinstance(packet, bytes)
                answer = self._overhear(packet)
                if answer is None:
                    server.send(packet)
                else:
                    client.send(answer)
        downward.join()

    def _overhear(self, packet: bytes) -> bytes | None:
        """Note a packet; what answers it in the server's place, if anything does."""
        text, rest = frame.decode(packet)
        header = json.loads(text)
        body = frame.payload(rest, header.get("payload_size", 0))
        self._packets.append((header, body))
        answer = self.decide(_asked(header, body)) if _is_request(header) else None
        return None if answer is None else _reply(header["id"], *answer)


@contextmanager
def tapped(server_uri: str) -> Iterator[Wiretap]:
    """A wiretap before that server."""
    tap = Wiretap(server_uri)
    with serve(tap.carry, "127.0.0.1", 0, compression=None, max_size=None) as listener:
        tap.uri = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/v3/wsconnect"
        serving = Thread(target=listener.serve_forever)
        serving.start()
        yield tap
    serving.join()


def _forward(server: ClientConnection, client: ServerConnection) -> None:
    try:
        for packet in server:
            client.send(packet)
    except ConnectionClosed:
        pass
    client.close()


def _is_request(header: dict[str, Any]) -> bool:
    return header["method"] == "message"


def _asked(header: dict[str, Any], body: bytes) -> Asked:
    told = header["http_request"]
    more = (told.get("params") or {}, told.get("headers") or {}, header["active_grant"])
    return Asked(told["method"], told["host"], told["path"], *more, body)


def _reply(packet_id: str, status: int, said: Any) -> bytes:
    payload = json.dumps(said).encode()
    header = {
        "method": "reply",
        "id": packet_id,
        "payload_size": len(payload),
        "payload_type": "application/json",
        "status": {"code": 200, "status": "OK"},
        "http_status": {"code": status, "status": "as the test says"},
        "http_headers": {},
    }
    return frame.encode(json.dumps(header).encode(), payload)
