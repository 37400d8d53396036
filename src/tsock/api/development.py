"""What exists only under `tsock dev`: tokens for the asking, and a clock that can be moved."""

from collections.abc import Awaitable, Callable

import msgspec

from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.directory import Directory
from tsock.accounts.keys import SigningKey
from tsock.api.request import Answer, Ask, Door, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.clock import Clock, iso_ms
from tsock.errors import ApiError, invalid
from tsock.misread import UNREADABLE, found_instead
from tsock.storage import progress
from tsock.storage.store import Store, Tx, written
from tsock.sync import expiry
from tsock.tokens.mint import mint

TTL_S = 3600
LATEST_MS = 253_370_764_800_000
"""The year 9999 begins: what lies ahead of it by a time to live still has four digits."""
_PRODUCTS = {"sync": SYNC, "chat": CHAT}


class _Advance(msgspec.Struct, frozen=True):
    advance_s: float


class DevelopmentHandlers:
    """The token endpoint and the clock."""

    def __init__(
        self,
        key: SigningKey,
        directory: Directory,
        clock: Clock,
        store: Store,
        show_ahead: Callable[[int], Awaitable[None]],
    ) -> None:
        """Take what it is made of.

        Args:
            key: signs the tokens.
            directory: knows whether it still stands.
            clock: what is shown.
            store: keeps how far that is ahead.
            show_ahead: shows the clock so many milliseconds ahead, on every node, and does what is due then.
        """
        self._key = key
        self._directory = directory
        self._clock = clock
        self._store = store
        self._show_ahead = show_ahead

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            # The page under development usually comes from another port.
            Route(Door.HTTP, "GET", "/dev/token", self.token, cross_origin=True),
            Route(Door.HTTP, "GET", "/dev/clock", self.time),
            Route(Door.HTTP, "POST", "/dev/clock", self.advance),
        ]

    def token(self, request: Request) -> Answer:
        """A fresh Access Token: the raw string, or JSON where that is asked for."""
        asked = request.params
        identity = asked.get("identity", "")
        if not identity:
            raise invalid("expected an identity, as in /dev/token?identity=alice")
        names = [name for name in asked.get("grants", "sync,chat").split(",") if name]
        unknown = [name for name in names if name not in _PRODUCTS]
        if unknown:
            raise invalid(f"grants are sync and chat, not {unknown[0][:32]}")
        self._check_key()
        products = {_PRODUCTS[name]: "default" for name in names}
        text = mint(
            self._key, identity, products, now_s=self._clock.now_ms() // 1000, ttl_s=_ttl_s(asked.get("ttl"))
        )
        if "json" in request.headers.get("accept", ""):
            return answer({"token": text})
        return Response(200, text.encode(), "text/plain; charset=utf-8")

    def _check_key(self) -> None:
        sid = self._key.key_sid
        key = self._directory.key(sid)
        if key is None or key.revoked_ms is not None:
            raise ApiError(
                409,
                20409,
                f"The key {sid} that signs these tokens was revoked; "
                "start `tsock dev` again, or sign tokens with a key of `tsock key create`",
                fix="",
            )

    def time(self, request: Request) -> Answer:
        """What the clock shows, and how far it is ahead."""
        return self._shown()

    def advance(self, request: Request) -> Answer:
        """Move the clock forward, on every node; what falls due happens before the answer."""
        _check_is_json(request)
        try:
            seconds = msgspec.json.decode(request.body, type=_Advance).advance_s
        except UNREADABLE as error:
            raise invalid(
                f'expected {{"advance_s": 3600}}, found {found_instead(request.body, error)}'
            ) from None
        if not 0 <= seconds <= 10 * 365 * 86_400:
            raise invalid("advance_s moves the clock forward, by ten years at most")
        by_ms = round(seconds * 1000)
        if self._clock.now_ms() + by_ms > LATEST_MS:
            raise invalid(f"the clock is moved to {iso_ms(LATEST_MS)} at most, so that dates keep their form")

        async def move() -> None:
            least_ms = self._clock.ahead_ms
            await self._show_ahead(
                await written(self._store, lambda tx: progress.move_ahead(tx, by_ms, least_ms=least_ms))
            )

        def expire(tx: Tx) -> Response:
            while expiry.expire_due(tx, limit=1000):
                pass
            return self._shown()

        return Ask(move, lambda _: Write(expire))

    def _shown(self) -> Response:
        clock = self._clock
        return Response(
            200, msgspec.json.encode({"now": iso_ms(clock.now_ms()), "ahead_s": clock.ahead_ms / 1000})
        )


def _check_is_json(request: Request) -> None:
    # Any page open in a browser on this machine could otherwise move the clock: a browser asks first only
    # for types that no form can send, and is not granted it here.
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise invalid(
            "expected the header content-type: application/json, "
            "which a web page cannot send to another origin unasked",
        )


def _ttl_s(text: str | None) -> int:
    if text is None:
        return TTL_S
    try:
        return int(text)
    except ValueError:
        raise invalid(f"ttl is in whole seconds, not {text[:32]}") from None
