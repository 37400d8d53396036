"""The operator's routes over an installation in memory, asked as the command line asks them."""

from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tests.support.world import World
from tsock.api.request import Door, Read, Request, Response, Write
from tsock.api.router import Router
from tsock.assembly import operator_routes
from tsock.clock import Clock
from tsock.ids import Ids
from tsock.installation.installation import Installation
from tsock.settings import SETTINGS
from tsock.storage.blobs import Blobs
from tsock.storage.store import Store
from tsock.telemetry.metrics import Metrics
from tsock.telemetry.tail import Tail


class StillBlobs:
    """Says of files what a test wants, and has none."""

    down: str | None = None


class OperatorsDoor:
    """One account (`sid`), and everything that an operator can ask."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self.world = World()
        self.sid = self.world.account_sid
        self.clock = Clock(wall_ms=lambda: self.world.now_ms, monotonic_s=lambda: 0.0)
        self.tail = Tail(self.clock)
        self.problem: str | None = None
        self.blobs = StillBlobs()
        installed = Installation(
            data=data,
            settings=msgspec.structs.replace(self.world.settings, **settings),
            origins=dict.fromkeys(SETTINGS, "default"),
            clock=self.clock,
            ids=Ids(2),
            metrics=Metrics(),
            store=cast(Store, None),  # answers run in the world's database
            blobs=cast(Blobs, self.blobs),
            vault=self.world.vault,
            directory=self.world.directory,
            master_key="a file",
            data_set="x",
        )
        self._router = Router()
        self._router.add(operator_routes(installed, self.tail, lambda: self.problem))

    def __call__(self, method: str, url: str, body: Any = None) -> Any:
        """The answer as JSON; raises the `ApiError` that would be one."""
        parts = urlsplit(url)
        content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        request = Request(
            door=Door.OPERATOR,
            method=method,
            path=tuple(parts.path.strip("/").split("/")),
            params=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={},
            body=content,
        )
        route, values = self._router.find(request)
        answer = route.handler(request, *values)
        if isinstance(answer, Read):
            assert answer.reply is None
            answer = self.world(answer.query)
        elif isinstance(answer, Write):
            answer = self.world(answer.rule)
        assert isinstance(answer, Response)
        return msgspec.json.decode(answer.body)

    def get(self, path: str) -> Any:
        """Below the account."""
        return self("GET", f"/accounts/{self.sid}{path}")

    def post(self, path: str, body: Any = None) -> Any:
        """Below the account."""
        return self("POST", f"/accounts/{self.sid}{path}", body)

    def delete(self, path: str) -> Any:
        """Below the account."""
        return self("DELETE", f"/accounts/{self.sid}{path}")
