"""All accounts, keys, services and revocations in memory: what tokens and passwords are judged by.

Loaded at start, then kept up to date by the facts that commits announce. Secrets are opened on first use.
"""

from collections import defaultdict
from collections.abc import Iterator

from tsock.accounts.caller import Caller
from tsock.accounts.records import Account, AccountStatus, ApiKey, Revocation, Service
from tsock.accounts.secrets import Vault
from tsock.accounts.tables import every, version
from tsock.events import Change
from tsock.storage.store import Tx

DEFAULT = "default"
"""Unique name of the default service, and the word a grant asks for it by."""


class Directory:
    """Look-ups by SID; everything found may be suspended, revoked or deleted, which its fields tell."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._accounts: dict[str, Account] = {}
        self._by_test_sid: dict[str, str] = {}
        self._subaccounts: defaultdict[str, set[str]] = defaultdict(set)
        self._keys: dict[str, ApiKey] = {}
        self._keys_of: defaultdict[str, set[str]] = defaultdict(set)
        self._services: dict[str, Service] = {}
        self._defaults: dict[tuple[str, str], str] = {}
        self._revoked: dict[tuple[str, str, str], Revocation] = {}
        self._opened: dict[tuple[str, str], tuple[str, bytes]] = {}
        """Sealed and opened secret by SID and by what it is called."""

        self.version = 0
        """How many changes it knows of those that the store counted; it may know later ones besides."""
        self.applied = 0
        """How many records it took in."""

    def load(self, tx: Tx) -> None:
        """Read everything from the store."""
        self.version = version(tx)
        for kind in (Account, ApiKey, Service, Revocation):
            for record in every(tx, kind):
                self.apply(record)

    def knows(self, record: Change) -> bool:
        """Whether a record is here as it is."""
        match record:
            case Account():
                return self._accounts.get(record.sid) == record
            case ApiKey():
                return self._keys.get(record.sid) == record
            case Service():
                return self._services.get(record.sid) == record
            case Revocation():
                return self._revoked.get(_subject(record)) == record
            case _:
                return False

    def apply(self, record: Change) -> None:
        """Take in a record that was created or changed."""
        self.applied += 1
        match record:
            case Account():
                self._accounts[record.sid] = record
                self._by_test_sid[record.test_sid] = record.sid
                if record.owner_sid is not None:
                    self._subaccounts[record.owner_sid].add(record.sid)
            case ApiKey():
                self._keys[record.sid] = record
                self._keys_of[record.account_sid].add(record.sid)
            case Service():
                self._services[record.sid] = record
                self._note_default(record)
            case Revocation():
                subject = _subject(record)
                known = self._revoked.get(subject)
                if known is None or (record.before_s or 0) >= (known.before_s or 0):
                    self._revoked[subject] = record
            case _:
                raise TypeError(f"{type(record).__name__} is no record of the directory")

    def _note_default(self, service: Service) -> None:
        place = (service.account_sid, service.product)
        if service.deleted_ms is None and service.unique_name == DEFAULT:
            self._defaults[place] = service.sid
        elif self._defaults.get(place) == service.sid:
            del self._defaults[place]

    # Look-ups

    def account(self, sid: str) -> Account | None:
        """The account with this live SID."""
        return self._accounts.get(sid)

    def account_by_test_sid(self, sid: str) -> Account | None:
        """The account whose test credentials have this SID."""
        return self._accounts.get(self._by_test_sid.get(sid, ""))

    def accounts(self) -> Iterator[Account]:
        """Every account, in no particular order."""
        return iter(self._accounts.values())

    def subaccounts(self, account_sid: str) -> list[Account]:
        """The subaccounts of an account, in the order of their SIDs."""
        return [self._accounts[sid] for sid in sorted(self._subaccounts.get(account_sid, ()))]

    def key(self, sid: str) -> ApiKey | None:
        """The key with this SID, also a revoked one."""
        return self._keys.get(sid)

    def keys(self, account_sid: str) -> list[ApiKey]:
        """The keys of an account, also revoked ones, in the order of their SIDs."""
        return [self._keys[sid] for sid in sorted(self._keys_of.get(account_sid, ()))]

    def service(self, sid: str) -> Service | None:
        """The service with this SID, also a deleted one."""
        return self._services.get(sid)

    def services(self) -> Iterator[Service]:
        """Every service, also deleted ones, in no particular order."""
        return iter(self._services.values())

    def deleted_services(self) -> list[str]:
        """The SIDs of services that were deleted and may have content left."""
        return [service.sid for service in self._services.values() if service.deleted_ms is not None]

    def default_service(self, account_sid: str, product: str) -> Service | None:
        """What `default` names in a grant for `product`."""
        return self._services.get(self._defaults.get((account_sid, product), ""))

    # What follows from them

    def status(self, account: Account) -> AccountStatus:
        """Its own status, unless its owner's is worse: a subaccount shares the fate of its owner."""
        owner = self._accounts.get(account.owner_sid or "")
        if account.status == "closed" or owner is None or owner.status == "active":
            return account.status
        return owner.status

    def revocation(self, caller: Caller) -> Revocation | None:
        """What revoked the caller's token, if anything did."""
        revoked = self._revoked
        if not revoked:
            return None
        account_sid = caller.account_sid
        for subject in (
            (account_sid, "token", caller.digest.hex()),
            (account_sid, "identity", caller.identity),
            (account_sid, "issued_before", ""),
            (account_sid, "issued_before", caller.key_sid),
        ):
            found = revoked.get(subject)
            if found is not None and found.meets(caller):
                return found
        return None

    def permits(self, caller: Caller) -> bool:
        """Whether a connection that was accepted may go on: account, key and token still stand."""
        account = self._accounts.get(caller.account_sid)
        key = self._keys.get(caller.key_sid)
        return (
            account is not None
            and self.status(account) == "active"
            and key is not None
            and key.revoked_ms is None
            and self.revocation(caller) is None
        )

    def forget(self, now_ms: int) -> None:
        """Drop the revocations that can meet no token any more."""
        self._revoked = {subject: kept for subject, kept in self._revoked.items() if kept.until_ms > now_ms}

    # Secrets, opened on first use

    def key_secret(self, key: ApiKey) -> bytes:
        """The secret of a key."""
        return self._open(key.sid, key.secret)

    def auth_token(self, account: Account) -> bytes:
        """The Auth Token of an account, by which its webhooks are signed."""
        return self._open(account.sid, account.auth_token)

    def auth_tokens(self, account: Account) -> list[bytes]:
        """Every Auth Token that opens the account: the first one, and the secondary one if there is one."""
        secondary = account.secondary_token
        more = [] if secondary is None else [self._open(account.sid, secondary, "secondary")]
        return [self.auth_token(account), *more]

    def test_token(self, account: Account) -> bytes:
        """The token of an account's test credentials."""
        return self._open(account.test_sid, account.test_token)

    def _open(self, sid: str, sealed: str, name: str = "") -> bytes:
        known = self._opened.get((sid, name))
        if known is not None and known[0] == sealed:
            return known[1]
        secret = self._vault.open(sid, sealed).encode()
        self._opened[sid, name] = (sealed, secret)
        return secret


def _subject(revocation: Revocation) -> tuple[str, str, str]:
    what = revocation.digest or revocation.identity or revocation.key_sid or ""
    return revocation.account_sid, revocation.kind, what
