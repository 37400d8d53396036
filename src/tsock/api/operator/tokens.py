"""Access Tokens for an operator: minted with any key, examined with sight of every account."""

import msgspec

from tsock.accounts.directory import DEFAULT, Directory
from tsock.accounts.keys import SigningKey
from tsock.accounts.records import ApiKey
from tsock.api.operator.body import PRODUCTS, Body, decoded, product
from tsock.api.request import Answer, Door, Request, answer
from tsock.api.router import Route
from tsock.clock import Clock, iso_ms
from tsock.errors import invalid, not_found
from tsock.settings import Settings
from tsock.tokens.examiner import Examiner
from tsock.tokens.mint import mint

TTL_S_MAX = 10 * 365 * 86_400
"""Longer tokens than the server accepts can be minted, to see them refused."""


class NewToken(Body, frozen=True):
    """What the token is to say."""

    identity: str
    account_sid: str | None = None
    """May be left out where a key is named."""
    key_sid: str | None = None
    """Any key; unless it is named, the account's oldest that may sign."""
    products: dict[str, str] = msgspec.field(default_factory=lambda: dict.fromkeys(PRODUCTS, DEFAULT))
    """Service SID or `default` by `sync` and `chat`."""
    ttl_s: int = 3600


class MintedToken(msgspec.Struct, frozen=True):
    """A token, and what it was made of."""

    token: str
    account_sid: str
    key_sid: str
    identity: str
    date_expires: str

    def __repr__(self) -> str:
        return f"MintedToken({self.account_sid}, {self.key_sid}, {self.identity!r})"


class TokenHandlers:
    """The minter and the doctor."""

    def __init__(self, directory: Directory, settings: Settings, clock: Clock) -> None:
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self._examiner = Examiner(directory, settings)

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.OPERATOR, "POST", "/tokens", self.create),
            Route(Door.OPERATOR, "POST", "/doctor", self.examine),
        ]

    def create(self, request: Request) -> Answer:
        """A fresh token, whether the gateway would accept it or not."""
        body = decoded(request, NewToken)
        if abs(body.ttl_s) > TTL_S_MAX:
            raise invalid(f"ttl_s is at most ten years ({TTL_S_MAX}), not {body.ttl_s}")
        products = {product(name): service for name, service in body.products.items()}
        key = self._key(body)
        now_s = self._clock.now_ms() // 1000
        secret = self._directory.key_secret(key).decode()
        signing = SigningKey(key.account_sid, key.sid, secret)
        minted = MintedToken(
            token=mint(signing, body.identity, products, now_s=now_s, ttl_s=body.ttl_s),
            account_sid=key.account_sid,
            key_sid=key.sid,
            identity=body.identity,
            date_expires=iso_ms((now_s + body.ttl_s) * 1000),
        )
        return answer(minted, 201)

    def _key(self, body: NewToken) -> ApiKey:
        if body.key_sid is not None:
            key = self._directory.key(body.key_sid)
            if key is None or body.account_sid not in (None, key.account_sid):
                of = f"{body.account_sid} has" if body.account_sid else "there is"
                raise not_found(f"{of} no key {body.key_sid}")
            return key
        if body.account_sid is None:
            raise invalid("expected an account_sid or a key_sid")
        if self._directory.account(body.account_sid) is None:
            raise not_found(f"there is no account {body.account_sid}")
        usable = [key for key in self._directory.keys(body.account_sid) if self._may_sign(key)]
        if not usable:
            raise not_found(
                f"{body.account_sid} has no main or standard key "
                f"of region {self._settings.region}; make one with "
                f"`tsock key create --account {body.account_sid}`",
            )
        return min(usable, key=lambda key: (key.created_ms, key.sid))

    def _may_sign(self, key: ApiKey) -> bool:
        return key.kind != "restricted" and key.revoked_ms is None and key.region == self._settings.region

    def examine(self, request: Request) -> Answer:
        """The doctor's report on the body, whatever it is; its verdict does not change the status."""
        asked = request.params.get("product")
        report = self._examiner.examine(
            request.body.decode(errors="replace"),
            self._clock.now_ms(),
            registered=() if asked is None else (product(asked),),
            may_see=lambda sid: True,
        )
        return answer(report)
