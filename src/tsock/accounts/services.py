"""Rules of services (`protocol/rest.md`, Services).

An account has a default service of each product at any time: it is made with the account, and deleting it
makes an empty one in its place. So `default` in a token or a path always means something.
"""

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from tsock.accounts.caller import SYNC
from tsock.accounts.directory import DEFAULT
from tsock.accounts.principal import Author
from tsock.accounts.records import Service
from tsock.accounts.tables import begin_change, find, newest, page, save
from tsock.errors import ApiError, not_found
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.storage.texts import NUL, measured

NAME_CHARS_MAX = 255


class ServiceChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be set of a service; what is unset keeps its value, or gets the default of a new service."""

    friendly_name: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    options: str | UnsetType = UNSET
    """All options of its product, as JSON."""


NO_CHANGE = ServiceChange()


def get_service(tx: Tx, account_sid: str, product: str, sid_or_name: str) -> Service:
    """A service of the account by its SID or unique name, `default` included.

    Raises:
        ApiError: 404/20404, there is none.
    """
    service = find(tx, Service, sid_or_name) or _by_name(tx, account_sid, product, sid_or_name)
    if (
        service is None
        or service.deleted_ms is not None
        or (service.account_sid, service.product) != (account_sid, product)
    ):
        raise not_found(f"no service {sid_or_name}")
    return service


def claim_service(tx: Tx, account_sid: str, product: str, sid_or_name: str) -> Service:
    """The same for a rule that changes it: nobody else does meanwhile.

    Raises:
        ApiError: as `get_service`.
    """
    begin_change(tx)
    return get_service(tx, account_sid, product, sid_or_name)


def list_services(
    tx: Tx, account_sid: str, product: str, place: Cursor, size: int
) -> tuple[list[Service], Slice]:
    """A page of the services of one product, the newest first."""
    where = "account_sid = :account AND product = :product AND deleted_ms IS NULL"
    return newest(tx, Service, where, place, size, account=account_sid, product=product)


def create_service(
    tx: Tx, account_sid: str, product: str, change: ServiceChange = NO_CHANGE, *, by: Author
) -> Service:
    """A new service.

    Raises:
        ApiError: 400/54053, the name is empty or too long.
    """
    begin_change(tx)
    return save(tx, _with(_new(tx, tx.sid("IS"), account_sid, product), change), by)


def ensure_default(tx: Tx, account_sid: str, product: str, sid: str | None = None, *, by: Author) -> Service:
    """The account's default service of the product; if there is none it is made now, under `sid` if given."""
    begin_change(tx)
    found = _by_name(tx, account_sid, product, DEFAULT)
    if found is not None:
        return found
    service = _new(tx, sid or tx.sid("IS"), account_sid, product)
    name = f"{'Sync' if product == SYNC else 'Conversations'} default service"
    return save(tx, replace(service, unique_name=DEFAULT, friendly_name=name), by)


def check_name(name: str | UnsetType | None) -> None:
    """Refuse a friendly name that is empty or too long.

    Raises:
        ApiError: 400/54053.
    """
    if isinstance(name, str) and (not 1 <= len(name) <= NAME_CHARS_MAX or NUL in name):
        raise ApiError(
            400,
            54053,
            f"Invalid friendly name: expected 1 to {NAME_CHARS_MAX} characters, not {measured(name)}",
        )


def change_service(tx: Tx, service: Service, change: ServiceChange, *, by: Author) -> Service:
    """Set what the change says of a claimed service, which is given as its product knows it.

    Raises:
        ApiError: 400/54053, the name is empty or too long.
    """
    begin_change(tx)
    return save(tx, replace(_with(service, change), updated_ms=tx.date_ms), by, before=service)


def delete_service(tx: Tx, account_sid: str, product: str, sid_or_name: str, *, by: Author) -> Service:
    """Mark the service as deleted; what it contains is its product's business.

    Raises:
        ApiError: 404/20404, no such service.
    """
    service = claim_service(tx, account_sid, product, sid_or_name)
    deleted = save(tx, replace(service, deleted_ms=tx.date_ms, updated_ms=tx.date_ms), by)
    if service.unique_name == DEFAULT:
        ensure_default(tx, account_sid, product, by=by)
    return deleted


def make_default(tx: Tx, account_sid: str, product: str, sid: str, *, by: Author) -> Service:
    """Make a service the default one in place of the one that was: tokens and paths mean this from now on.

    Raises:
        ApiError: 404/20404, no such service.
    """
    service = claim_service(tx, account_sid, product, sid)
    former = _by_name(tx, account_sid, product, DEFAULT)
    if former is not None and former.sid != service.sid:
        save(tx, replace(former, unique_name=None, updated_ms=tx.date_ms), by)
    if service.unique_name == DEFAULT:
        return service
    return save(tx, replace(service, unique_name=DEFAULT, updated_ms=tx.date_ms), by)


def _new(tx: Tx, sid: str, account_sid: str, product: str) -> Service:
    return Service(
        sid=sid,
        account_sid=account_sid,
        product=product,
        unique_name=None,
        friendly_name=None,
        enabled=True,
        options="{}",
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )


def _by_name(tx: Tx, account_sid: str, product: str, unique_name: str) -> Service | None:
    where = "account_sid = :account AND product = :product AND unique_name = :name AND deleted_ms IS NULL"
    found = page(tx, Service, where, 1, account=account_sid, product=product, name=unique_name)
    return found[0] if found else None


def _with(service: Service, change: ServiceChange) -> Service:
    check_name(change.friendly_name)
    # What is unset is left out by `omit_defaults`.
    return replace(service, **msgspec.to_builtins(change))
