"""The operator's routes over an installation in memory, asked as the command line asks them."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tests.support.world import World
from tsock.api.operator.accounts import OperatorAccounts
from tsock.api.operator.check import OperatorCheck, Premises
from tsock.api.operator.keys import OperatorKeys
from tsock.api.operator.permissions import OperatorPermissions
from tsock.api.operator.records import OperatorRecords
from tsock.api.operator.revocations import OperatorRevocations
from tsock.api.operator.services import OperatorServices
from tsock.api.operator.tokens import OperatorTokens
from tsock.api.operator.webhooks import OperatorWebhooks
from tsock.api.request import Door, Read, Request, Response, Write
from tsock.api.router import Router
from tsock.clock import Clock
from tsock.settings import SETTINGS
from tsock.telemetry.tail import Tail


class OperatorsDoor:
    """One account (`sid`), and everything that an operator can ask."""

    def __init__(self, data: Path) -> None:
        self.world = World()
        self.sid = self.world.account_sid
        self.clock = Clock(wall_ms=lambda: self.world.now_ms, monotonic_s=lambda: 0.0)
        self.tail = Tail(self.clock)
        self.problem: str | None = None
        world = self.world
        premises = Premises(
            data=data,
            master_key="a file",
            settings=world.settings,
            origins=dict.fromkeys(SETTINGS, "default"),
            clock=self.clock,
            directory=world.directory,
            problem=lambda: self.problem,
        )
        self._router = Router()
        for part in (
            OperatorAccounts(world.vault, world.settings),
            OperatorKeys(world.vault, world.settings),
            OperatorServices(),
            OperatorPermissions(),
            OperatorRevocations(world.settings),
            OperatorTokens(world.directory, world.settings, self.clock),
            OperatorRecords(self.tail),
            OperatorWebhooks(),
            OperatorCheck(premises),
        ):
            self._router.add(part.routes())

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
