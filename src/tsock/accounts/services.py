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
from tsock.accounts.tables import find, newest, page, save
from tsock.errors import ApiError, invalid, not_found
from tsock.storage.keyset import Place, Slice
from tsock.storage.store import Tx
from tsock.webhooks.targets import is_target

NAME_CHARS_MAX = 255
WEBHOOK_URL_CHARS_MAX = 512
WINDOW_MS_MIN, WINDOW_MS_MAX = 1000, 30_000


class ServiceOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be set of a service; what is unset keeps its value, or gets the default of a new service."""

    friendly_name: str | UnsetType | None = UNSET
    acl_enabled: bool | UnsetType = UNSET
    webhook_url: str | UnsetType | None = UNSET
    webhooks_from_rest_enabled: bool | UnsetType = UNSET
    reachability_webhooks_enabled: bool | UnsetType = UNSET
    reachability_debouncing_enabled: bool | UnsetType = UNSET
    reachability_debouncing_window_ms: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    """Only an operator sets this."""


NO_OPTIONS = ServiceOptions()


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


def list_services(
    tx: Tx, account_sid: str, product: str, place: Place, size: int
) -> tuple[list[Service], Slice]:
    """A page of the services of one product, the newest first."""
    where = "account_sid = :account AND product = :product AND deleted_ms IS NULL"
    return newest(tx, Service, where, place, size, account=account_sid, product=product)


def create_service(
    tx: Tx, account_sid: str, product: str, options: ServiceOptions = NO_OPTIONS, *, by: Author
) -> Service:
    """A new service.

    Raises:
        ApiError: 400/54053, 400/54051 or 400/20422, an option is out of bounds.
    """
    return save(tx, _with(_new(tx, tx.sid("IS"), account_sid, product), options), by)


def ensure_default(tx: Tx, account_sid: str, product: str, sid: str | None = None, *, by: Author) -> Service:
    """The account's default service of the product; if there is none it is made now, under `sid` if given."""
    found = _by_name(tx, account_sid, product, DEFAULT)
    if found is not None:
        return found
    service = _new(tx, sid or tx.sid("IS"), account_sid, product)
    name = f"{'Sync' if product == SYNC else 'Conversations'} default service"
    return save(tx, replace(service, unique_name=DEFAULT, friendly_name=name), by)


def update_service(
    tx: Tx, account_sid: str, product: str, sid_or_name: str, options: ServiceOptions, *, by: Author
) -> Service:
    """Change the options that are set.

    Raises:
        ApiError: 404/20404, no such service; 400/54010, nothing is set; 400/54053, 400/54051 or 400/20422, an
            option is out of bounds.
    """
    service = get_service(tx, account_sid, product, sid_or_name)
    if options == NO_OPTIONS:
        raise ApiError(400, 54010, "No parameters specified: expected at least one option of the service")
    return save(tx, replace(_with(service, options), updated_ms=tx.now_ms), by)


def delete_service(tx: Tx, account_sid: str, product: str, sid_or_name: str, *, by: Author) -> Service:
    """Mark the service as deleted; what it contains is its product's business.

    Raises:
        ApiError: 404/20404, no such service.
    """
    service = get_service(tx, account_sid, product, sid_or_name)
    deleted = save(tx, replace(service, deleted_ms=tx.now_ms, updated_ms=tx.now_ms), by)
    if service.unique_name == DEFAULT:
        ensure_default(tx, account_sid, product, by=by)
    return deleted


def _new(tx: Tx, sid: str, account_sid: str, product: str) -> Service:
    return Service(
        sid=sid,
        account_sid=account_sid,
        product=product,
        unique_name=None,
        friendly_name=None,
        acl_enabled=False,
        webhook_url=None,
        webhooks_from_rest_enabled=False,
        reachability_webhooks_enabled=False,
        reachability_debouncing_enabled=False,
        reachability_debouncing_window_ms=5000,
        enabled=True,
        created_ms=tx.now_ms,
        updated_ms=tx.now_ms,
    )


def _by_name(tx: Tx, account_sid: str, product: str, unique_name: str) -> Service | None:
    where = "account_sid = :account AND product = :product AND unique_name = :name AND deleted_ms IS NULL"
    found = page(tx, Service, where, 1, account=account_sid, product=product, name=unique_name)
    return found[0] if found else None


def _with(service: Service, options: ServiceOptions) -> Service:
    # What is unset is left out by `omit_defaults`.
    changed = replace(service, **msgspec.to_builtins(options))
    name, url = changed.friendly_name, changed.webhook_url
    if name is not None and not 1 <= len(name) <= NAME_CHARS_MAX:
        raise ApiError(400, 54053, f"Invalid friendly name: expected 1 to {NAME_CHARS_MAX} characters")
    if url is not None and not is_target(url, WEBHOOK_URL_CHARS_MAX):
        raise ApiError(
            400,
            54051,
            "Invalid webhook URL: expected an absolute http(s) URL "
            f"of at most {WEBHOOK_URL_CHARS_MAX} characters",
        )
    if not WINDOW_MS_MIN <= changed.reachability_debouncing_window_ms <= WINDOW_MS_MAX:
        raise invalid(
            f"ReachabilityDebouncingWindow is {WINDOW_MS_MIN} to {WINDOW_MS_MAX} ms",
        )
    return changed
