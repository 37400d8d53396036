"""A receiver of webhooks, as an application has one."""

import json
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.interop.sdk import PATIENCE_S

Answer = tuple[int, dict[str, Any]]
"""A status, and the members of a JSON object."""


@dataclass(frozen=True)
class Hook:
    """A webhook that arrived."""

    method: str
    url: str
    """As it was called."""
    headers: dict[str, str]
    """Lower-case names."""
    params: dict[str, str]

    @property
    def signature(self) -> str:
        return self.headers["x-twilio-signature"]

    @property
    def event_type(self) -> str | None:
        """None of the debugger's."""
        return self.params.get("EventType")


class Receiver:
    """Takes what comes to `url`, and answers 204, or the next of `answers` while there are any."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.decide: Callable[[Hook], Answer | None] = lambda hook: None
        """Answers a webhook, unless it is None."""
        self._arrived: queue.Queue[Hook] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._take(urlsplit(self.path).query)

            def do_POST(self) -> None:
                self._take(self.rfile.read(int(self.headers["content-length"])).decode())

            def _take(self, told: str) -> None:
                hook = Hook(
                    self.command,
                    f"http://{self.headers['host']}{self.path}",
                    {name.lower(): value for name, value in self.headers.items()},
                    dict(parse_qsl(told, keep_blank_values=True, strict_parsing=True)),
                )
                receiver._arrived.put(hook)  # before the answer, behind which the next one comes
                status, said = receiver.decide(hook) or (204, {})
                if receiver.answers:
                    status = receiver.answers.pop(0)
                body = json.dumps(said).encode() if said else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks?tenant=7"

    def next(self, event_type: str | None = None) -> Hook:
        """The next one to arrive that was not taken yet, which must be of this type."""
        hook = self._arrived.get(timeout=PATIENCE_S)
        assert event_type in (None, hook.event_type), hook
        return hook

    def empty(self) -> bool:
        """Whether everything that arrived was taken."""
        return self._arrived.empty()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for as long as the block lasts."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
