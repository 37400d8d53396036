"""The operator's door: the same requests, whether a server answers them or this process does."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx2
import msgspec

from tsock.cli.exits import Gone, Refused
from tsock.cli.location import DataDirectory, Location, locate
from tsock.errors import ConfigError
from tsock.installation import layout
from tsock.installation.lock import DirectoryInUse

TIMEOUT_S = 30.0
PATIENCE_S = 3.0
"""How long another command, or a server that starts or stops, may keep the directory to itself."""
PAUSE_S = 0.05

HOST = "http://operator"
"""Only a base for paths. It has no port, which is how the door is told (`http/asgi.py`)."""


class Operator:
    """Asks for what the routes of `Door.OPERATOR` give."""

    def __init__(self, client: httpx2.AsyncClient, location: Location, *, is_dev: bool) -> None:
        """Take what asks, and what is asked.

        Args:
            client: asks.
            location: the flags that led here, for the commands that an error names.
            is_dev: whether the account that comes first is the ready-made one of `tsock dev`.
        """
        self._client = client
        self._location = location
        self._is_dev = is_dev

    async def get(self, *path: str, **params: object) -> Any:
        """Fetch what `path` names; parameters that are None are left out."""
        return await self._ask("GET", path, params=params)

    async def post(self, *path: str, body: object = None, **params: object) -> Any:
        """Create or change what `path` names; `body` is text or what JSON is made of."""
        return await self._ask("POST", path, body=body, params=params)

    async def delete(self, *path: str) -> Any:
        """Remove what `path` names."""
        return await self._ask("DELETE", path)

    async def every(self, *path: str, **params: object) -> list[dict[str, Any]]:
        """All entries of the list that `path` names, page by page."""
        entries: list[dict[str, Any]] = []
        after = None
        while True:
            page = await self.get(*path, after=after, **params)
            after = page.pop("next")
            (rows,) = page.values()
            entries += rows
            if after is None:
                return entries

    async def latest(self, records: str, *, account: str | None, **params: object) -> list[dict[str, Any]]:
        """The latest of some records, of one account or of all.

        Raises:
            Refused: there are none, since there is no such account.
        """
        found = (await self.get(records, account=account, **params))[records]
        if account is not None and not found:  # a refusal may be about one that was never here
            await self.get("accounts", account)
        return found

    async def account(self, given: str | None) -> str:
        """The account that a command is about: the one named, else the only active main account.

        Where `tsock dev` made the data it is the oldest of them, which is the ready-made one.

        Raises:
            ConfigError: none is named, and there is none or more than one.
        """
        if given is not None:
            return given
        everyone = await self.every("accounts")
        main = [each for each in everyone if each["status"] == "active" and each["owner_sid"] is None]
        mine = [each["sid"] for each in sorted(main, key=lambda each: each["date_created"])]
        if len(mine) == 1 or (mine and self._is_dev):
            return mine[0]
        if not mine:
            none = "there is no active account; make one with `tsock account create`"
            raise ConfigError(self._location.runnable(none))
        many = (
            f"there are {len(mine)} active accounts; name one with --account SID, from `tsock account list`"
        )
        raise ConfigError(self._location.runnable(many))

    async def _ask(
        self, method: str, path: tuple[str, ...], *, body: object = None, params: Mapping[str, object] = {}
    ) -> Any:
        try:
            content = (
                body.encode() if isinstance(body, str) else b"" if body is None else msgspec.json.encode(body)
            )
            response = await self._client.request(
                method,
                "/" + "/".join(quote(segment, safe="") for segment in path),
                content=content,
                params={name: str(value) for name, value in params.items() if value is not None},
            )
        except httpx2.TransportError as error:
            raise Gone(f"the server ended before it answered ({type(error).__name__})") from None
        except UnicodeEncodeError:  # of an argument as the system gave it
            raise ConfigError(
                "expected texts in UTF-8, found one with other bytes among the arguments"
            ) from None
        answer: Any = msgspec.json.decode(response.content)
        if response.status_code >= 400:
            raise Refused(answer["code"], self._location.runnable(answer["message"]))
        return answer


@asynccontextmanager
async def operator(
    location: Location, *, live: bool = False, fresh: bool = False
) -> AsyncGenerator[Operator]:
    """Ask the server that owns the directory; where there is none, open the directory here.

    Args:
        location: where to look.
        live: only a running server will do.
        fresh: a data directory without data will do, and is made.

    Raises:
        ConfigError: no installation was found, or it cannot be opened.
    """
    place = locate(location, fresh=fresh)
    async with (
        _transport(place, live=live) as transport,
        httpx2.AsyncClient(transport=transport, base_url=HOST, timeout=TIMEOUT_S) as client,
    ):
        yield Operator(client, location, is_dev=(place.data / layout.DEV).exists())


@asynccontextmanager
async def _transport(place: DataDirectory, *, live: bool) -> AsyncGenerator[httpx2.AsyncBaseTransport]:
    deadline_s = asyncio.get_running_loop().time() + PATIENCE_S
    while not place.is_served():
        if live:
            raise ConfigError(f"this needs a running server, and none runs on {place.data}")
        try:
            # Only now: importing the server's parts takes longer than asking a running one.
            from tsock.cli.offline import offline  # noqa: PLC0415

            async with offline(place) as app:
                yield httpx2.ASGITransport(app)
                return
        except DirectoryInUse:
            if asyncio.get_running_loop().time() > deadline_s:
                raise
            await asyncio.sleep(PAUSE_S)
    yield httpx2.AsyncHTTPTransport(uds=str(place.socket))
