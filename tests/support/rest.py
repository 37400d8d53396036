"""The REST routes of accounts and keys over HTTP, with credentials of every kind."""

from typing import Any
from urllib.parse import urlencode

from tests.support.rig import Rig
from tests.support.web import Page, Web
from tsock.accounts.accounts import create_account, create_subaccount
from tsock.accounts.keys import SigningKey, create_key
from tsock.accounts.records import Account

ACCOUNTS = "/api/2010-04-01/Accounts"
KEYS = "/iam/v1/Keys"

PAGING = {
    "end",
    "first_page_uri",
    "last_page_uri",
    "next_page_uri",
    "num_pages",
    "page",
    "page_size",
    "previous_page_uri",
    "start",
    "total",
    "uri",
}
"""What a page of the 2010 API has beside its records; any other name breaks a library."""

Credentials = tuple[str, str]


class Rest:
    """Asks as the Auth Token of the main account, unless a test says otherwise."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.sid = rig.made.account_sid
        self.web = Web(rig)
        self.auth_token = (self.sid, rig.made.auth_token)

    async def get(self, path: str, credentials: Credentials | None = None, /, **query: object) -> Page:
        target = f"{path}?{urlencode(query)}" if query else path
        return await self.web("GET", target, credentials=credentials or self.auth_token)

    async def post(self, path: str, credentials: Credentials | None = None, /, **form: str) -> Page:
        return await self.web("POST", path, credentials=credentials or self.auth_token, form=form)

    async def delete(self, path: str, credentials: Credentials | None = None) -> Page:
        return await self.web("DELETE", path, credentials=credentials or self.auth_token)

    # Who there is

    async def account(self) -> Account:
        """Another main account."""
        return await self.rig.do(create_account, self.rig.vault)

    async def subaccount(self) -> Account:
        """Of the main account."""
        self.rig.advance_s(1)
        return await self.rig.do(create_subaccount, self.rig.vault, self.rig.settings, self.sid)

    def token_of(self, account: Account) -> Credentials:
        """Its SID and Auth Token."""
        return account.sid, self.rig.vault.open(account.sid, account.auth_token)

    async def key_of(self, account_sid: str | None = None, **options: Any) -> Credentials:
        """SID and secret of a new key."""
        self.rig.advance_s(1)
        key, secret = await self.rig.do(
            create_key, self.rig.vault, self.rig.settings, account_sid or self.sid, **options
        )
        return key.sid, secret

    async def signing_key_of(self, account_sid: str) -> SigningKey:
        """A new key, for tokens."""
        return SigningKey(account_sid, *await self.key_of(account_sid))

    def facts(self) -> list[object]:
        """Every change so far; a refused request adds none."""
        return list(self.rig.facts)
