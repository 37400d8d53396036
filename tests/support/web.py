"""An HTTP client on the shell, by whichever door."""

import asyncio
import base64
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from tests.support.rig import BASE_URL, Rig
from tsock.api.router import Router
from tsock.http.asgi import HttpShell
from tsock.http.proxies import Proxies
from tsock.http.reach import Reach

BODY = ["http.response.body"]
PUBLIC, OPERATOR = ("127.0.0.1", 8080), ("/data/control.sock", None)


class Page(NamedTuple):
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> tuple[int, int]:
        assert self.json["status"] == self.status
        return self.status, self.json["code"]


class Web:
    """Asks as uvicorn does."""

    def __init__(self, rig: Rig, router: Router | None = None) -> None:
        """On the shell of the rig; on one of its own, with small bounds, where a test brings its routes."""
        self.shell = rig.parts.shell if router is None else _shell(rig, router)
        self.sent: list[dict[str, Any]] = []

    async def __call__(
        self,
        method: str,
        target: str,
        *chunks: bytes,
        server: tuple[str, int | None] = PUBLIC,
        headers: Sequence[tuple[str, str]] = (),
        credentials: tuple[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Page:
        """The answer to a request whose body comes in these chunks, or is this form.

        Credentials are user name and password.
        """
        if credentials is not None:
            encoded = base64.b64encode(":".join(credentials).encode()).decode()
            headers = [*headers, ("authorization", f"Basic {encoded}")]
        if form is not None:
            headers = [*headers, ("content-type", "application/x-www-form-urlencoded")]
            chunks = (urlencode(form).encode(),)
        await self.deliver(method, target, body(*chunks), server=server, headers=headers)
        start, *parts = self.sent
        assert [part["type"] for part in self.sent] == ["http.response.start", *BODY * len(parts)]
        assert [part.get("more_body", False) for part in parts] == [*[True] * (len(parts) - 1), False]
        content = b"".join(part.get("body", b"") for part in parts)
        shown = {name.decode(): value.decode() for name, value in start["headers"]}
        if method != "HEAD" and start["status"] not in (204, 304):
            assert int(shown["content-length"]) == len(content)
        return Page(start["status"], content, shown)

    async def deliver(
        self,
        method: str,
        target: str,
        messages: list[dict[str, Any]],
        *,
        server: tuple[str, int | None] = PUBLIC,
        headers: Sequence[tuple[str, str]] = (),
        told: type[dict[str, Any]] = dict,
    ) -> Callable[[], object]:
        """Send these messages; what is left of what the shell was `told` about them, if it can be seen."""
        self.sent = []
        path, _, query = target.partition("?")
        scope = told(
            {
                "type": "http",
                "method": method,
                "scheme": "http",
                "client": ("127.0.0.1", 50_000),
                "path": path,
                "raw_path": path.encode(),
                "query_string": query.encode(),
                "headers": [(name.encode(), value.encode()) for name, value in headers],
                "server": server,
            }
        )

        async def receive() -> dict[str, Any]:
            if not messages:
                await asyncio.Event().wait()  # the client waits for the answer
            return messages.pop(0)

        async def send(message: Any) -> None:
            self.sent.append(message)

        await self.shell(scope, receive, send)
        return weakref.ref(scope) if told is not dict else lambda: None


def _shell(rig: Rig, router: Router) -> HttpShell:
    return HttpShell(
        router,
        rig.store,
        rig.gatekeeper(),
        rig.metrics,
        rig.ids,
        settings=replace(rig.settings, http_body_bytes_max=1000, http_anonymous_body_bytes_max=1000),
        reach=Reach(Proxies(rig.settings.trusted_proxies), BASE_URL),
        reject=rig.debugger.request_rejected,
    )


def body(*chunks: bytes) -> list[dict[str, Any]]:
    """The messages that a body arrives in."""
    parts = chunks or (b"",)
    return [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
