"""The ready-made credentials of `tsock dev`: an account, a key and the two default services."""

import msgspec

from tsock.accounts.accounts import draw_credentials, insert_account
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import SigningKey
from tsock.accounts.principal import OPERATOR
from tsock.accounts.records import Account, ApiKey
from tsock.accounts.secrets import Vault
from tsock.accounts.services import ensure_default
from tsock.accounts.tables import begin_change, find, save
from tsock.ids import Ids
from tsock.storage.store import Tx


class Bootstrap(msgspec.Struct, frozen=True):
    """SIDs, and secrets in plain text."""

    account_sid: str
    auth_token: str
    key_sid: str
    key_secret: str
    sync_service_sid: str
    chat_service_sid: str

    @property
    def signing_key(self) -> SigningKey:
        """What mints tokens with these credentials."""
        return SigningKey(self.account_sid, self.key_sid, self.key_secret)

    def __repr__(self) -> str:
        return f"Bootstrap({self.account_sid}, {self.key_sid})"


def bootstrap(tx: Tx, vault: Vault, ids: Ids, *, region: str) -> Bootstrap:
    """Make what `ids` draws, or find it as it is by now when it was made before.

    With a seed the answer is the same at every start, but for what was rotated or replaced since: a key that
    was deleted is followed by the next one drawn.
    """
    begin_change(tx)
    drawn = draw_credentials(ids)
    services = {SYNC: ids.sid("IS"), CHAT: ids.sid("IS")}
    account = find(tx, Account, drawn.sid) or insert_account(tx, vault, drawn, "Development", by=OPERATOR)
    key, key_secret = _key(tx, vault, ids, account.sid, region)
    found = {
        product: ensure_default(tx, account.sid, product, sid, by=OPERATOR)
        for product, sid in services.items()
    }
    return Bootstrap(
        account_sid=account.sid,
        auth_token=vault.open(account.sid, account.auth_token),
        key_sid=key.sid,
        key_secret=key_secret,
        sync_service_sid=found[SYNC].sid,
        chat_service_sid=found[CHAT].sid,
    )


def _key(tx: Tx, vault: Vault, ids: Ids, account_sid: str, region: str) -> tuple[ApiKey, str]:
    while True:
        sid, secret = ids.sid("SK"), ids.secret()
        known = find(tx, ApiKey, sid)
        if known is None:
            key = ApiKey(
                sid=sid,
                account_sid=account_sid,
                kind="standard",
                friendly_name="Development",
                secret=vault.seal(sid, secret),
                region=region,
                policy=None,
                created_ms=tx.date_ms,
                updated_ms=tx.date_ms,
            )
            return save(tx, key, OPERATOR), secret
        if known.revoked_ms is None:
            return known, vault.open(sid, known.secret)
