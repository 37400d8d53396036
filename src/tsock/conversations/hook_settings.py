"""The webhooks of an account and of a service, as their owner sets them."""

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from tsock.accounts import services, tables
from tsock.accounts.accounts import get_account
from tsock.accounts.principal import Author
from tsock.accounts.records import Account, Service
from tsock.accounts.secrets import Vault
from tsock.accounts.services import ServiceChange
from tsock.conversations.hook_values import checked_filters, checked_method, checked_url
from tsock.conversations.hooks import AccountOptions, of_account
from tsock.conversations.services import Hooks, options_of
from tsock.errors import ApiError
from tsock.storage.store import Tx

TARGETS = ("webhook", "flex")


class HooksChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set; what is unset keeps its value, and an empty URL takes it away."""

    pre_url: str | UnsetType | None = UNSET
    post_url: str | UnsetType | None = UNSET
    filters: tuple[str, ...] | UnsetType = UNSET
    method: str | UnsetType = UNSET
    target: str | UnsetType = UNSET


def change_of_account(tx: Tx, vault: Vault, account_sid: str, change: HooksChange, *, by: Author) -> Account:
    """Set those of an account.

    Raises:
        ApiError: 50054, 50055, 50077, 50078 bad values.
    """
    tables.begin_change(tx)
    account = get_account(tx, account_sid)
    hooks = _changed(vault, account_sid, of_account(account), change)
    options = msgspec.json.encode(AccountOptions(hooks)).decode()
    return tables.save(tx, replace(account, options=options, updated_ms=tx.date_ms), by, before=account)


def change_of_service(tx: Tx, vault: Vault, service: Service, change: HooksChange, *, by: Author) -> Service:
    """Set those of a claimed service.

    Raises:
        ApiError: 50054, 50055, 50077, 50078 bad values.
    """
    known = options_of(service)
    options = replace(known, webhooks=_changed(vault, service.account_sid, known.webhooks, change))
    as_known = replace(service, options=msgspec.json.encode(known).decode())
    given = ServiceChange(options=msgspec.json.encode(options).decode())
    return services.change_service(tx, as_known, given, by=by)


def _changed(vault: Vault, account_sid: str, known: Hooks, change: HooksChange) -> Hooks:
    pre_url = checked_url(vault, account_sid, change.pre_url, 50077, "pre-webhook url")
    post_url = checked_url(vault, account_sid, change.post_url, 50078, "post-webhook url")
    target = known.target
    if change.target is not UNSET:
        if change.target not in TARGETS:
            raise ApiError(400, 50054, f"Invalid webhook format: Target is {' or '.join(TARGETS)}")
        target = change.target
    return Hooks(
        pre_url=known.pre_url if pre_url is UNSET else pre_url,
        post_url=known.post_url if post_url is UNSET else post_url,
        filters=known.filters
        if change.filters is UNSET
        else checked_filters(change.filters, 50054, "webhook filter"),
        method=known.method if change.method is UNSET else checked_method(change.method),
        target=target,
    )
