"""An installation in memory: a database, a vault, a directory that follows every commit, a clock by hand."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from tests.support.guarded import GuardedTx
from tests.support.memory import Memory
from tsock.accounts.accounts import create_account, create_subaccount
from tsock.accounts.bootstrap import bootstrap
from tsock.accounts.caller import CHAT, SYNC, Caller
from tsock.accounts.directory import Directory
from tsock.accounts.keys import SigningKey, create_key
from tsock.accounts.principal import OPERATOR
from tsock.accounts.records import Account, ApiKey
from tsock.accounts.secrets import Vault
from tsock.accounts.services import create_service
from tsock.announcements import Announcements
from tsock.ids import Ids
from tsock.settings import Settings
from tsock.tokens.examiner import Examiner, Refusal
from tsock.tokens.mint import mint

T = TypeVar("T")

NOW_S = 1_700_000_100


class World(Memory):
    """One account with a key and services of both products; others come as a test needs them."""

    transaction = GuardedTx

    def __init__(self) -> None:
        super().__init__(NOW_S * 1000, seed=1)
        self.facts: list[Any] = []
        self.vault = Vault(b"m" * 32)
        self.directory = Directory(self.vault)
        self.settings = Settings()
        made = self(bootstrap, self.vault, Ids(0), region="us1")
        self.account_sid = made.account_sid
        self.auth_token = made.auth_token
        self.key = made.signing_key
        self.sync_sid = made.sync_service_sid
        self.chat_sid = made.chat_service_sid

    def __call__(self, rule: Callable[..., T], *args: Any, **named: Any) -> T:
        """Run a rule as the store does, and tell the directory what it emitted.

        A change is the operator's unless a test says otherwise.
        """
        if "by" in inspect.signature(rule).parameters:
            named = {"by": OPERATOR, **named}
        result = super().__call__(rule, *args, **named)
        self.facts = self.tx.facts
        Announcements(self.directory.apply).hear(self.facts)
        return result

    @property
    def now_s(self) -> int:
        return self.now_ms // 1000

    def reloaded(self) -> Directory:
        """What a process that starts now would know."""
        directory = Directory(self.vault)
        self.tx.begin_rule(self.now_ms, self.now_ms)
        directory.load(self.tx)
        return directory

    def another_account(self) -> tuple[Account, SigningKey]:
        account = self(create_account, self.vault, "Another")
        return account, self.another_key(account.sid)

    def subaccount(self) -> tuple[Account, SigningKey]:
        account = self(create_subaccount, self.vault, self.settings, self.account_sid)
        return account, self.another_key(account.sid)

    def another_key(self, account_sid: str | None = None, **options: Any) -> SigningKey:
        key, secret = self.key_made(account_sid, **options)
        return SigningKey(key.account_sid, key.sid, secret)

    def key_made(self, account_sid: str | None = None, **options: Any) -> tuple[ApiKey, str]:
        """A key, and its secret."""
        return self(create_key, self.vault, self.settings, account_sid or self.account_sid, **options)

    def another_service(self, product: str = SYNC, account_sid: str | None = None) -> str:
        return self(create_service, account_sid or self.account_sid, product).sid

    # Tokens

    def token(self, identity: str = "alice", key: SigningKey | None = None, **options: Any) -> str:
        products = options.pop("products", {SYNC: self.sync_sid, CHAT: self.chat_sid})
        return mint(key or self.key, identity, products, **{"now_s": self.now_s, **options})

    def verify(self, token: str, **options: Any) -> Caller | Refusal:
        return Examiner(self.directory, self.settings).verify(token, self.now_ms, **options)

    def examine(self, text: str, **options: Any) -> Any:
        return Examiner(self.directory, self.settings).examine(text, self.now_ms, **options)

    def accepted(self, token: str, **options: Any) -> Caller:
        caller = self.verify(token, **options)
        assert isinstance(caller, Caller), caller
        return caller

    def refusal(self, token: str, **options: Any) -> tuple[int, str]:
        """Code and cause; both ways of judging must agree on them."""
        refusal = self.verify(token, **options)
        assert isinstance(refusal, Refusal), refusal
        report = self.examine(token, **options)
        assert (report.verdict, report.code, report.cause) == ("denied", refusal.code, refusal.cause)
        return refusal.code, refusal.cause
