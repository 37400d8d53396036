"""What is Sync's own of a service: permissions, webhooks, reachability.

The service itself is an account's (`accounts/services.py`); these options are a text to it.
"""

import functools

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from tsock.accounts import services, webhook_urls
from tsock.accounts.principal import Author
from tsock.accounts.records import Service
from tsock.accounts.secrets import Vault
from tsock.accounts.services import ServiceChange
from tsock.errors import ApiError, invalid
from tsock.storage.store import Tx
from tsock.webhooks.targets import StoredUrl

WEBHOOK_URL_CHARS_MAX = 512
WINDOW_MS_MIN, WINDOW_MS_MAX = 1000, 30_000


class SyncOptions(msgspec.Struct, frozen=True, gc=False):
    """The options of a service; those of a new one are the defaults."""

    acl_enabled: bool = False
    """Whether permissions bind its clients."""
    webhook_url: StoredUrl | None = None
    """Where changes are told."""
    webhooks_from_rest_enabled: bool = False
    """Whether those made over REST are, too."""
    reachability_webhooks_enabled: bool = False
    """Whether it is told which endpoints come and go."""
    reachability_debouncing_enabled: bool = False
    reachability_debouncing_window_ms: int = 5000
    """How long an absence lasts before it is told, with debouncing."""


class ServiceOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be set of a service of Sync; what is unset keeps its value."""

    friendly_name: str | UnsetType | None = UNSET
    acl_enabled: bool | UnsetType = UNSET
    webhook_url: str | UnsetType | None = UNSET
    """As it is given."""
    webhooks_from_rest_enabled: bool | UnsetType = UNSET
    reachability_webhooks_enabled: bool | UnsetType = UNSET
    reachability_debouncing_enabled: bool | UnsetType = UNSET
    reachability_debouncing_window_ms: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    """Only an operator sets this."""


NO_OPTIONS = ServiceOptions()


def options_of(service: Service) -> SyncOptions:
    """The options of a service."""
    return _read(service.options)


def create_service(
    tx: Tx,
    vault: Vault,
    account_sid: str,
    product: str,
    options: ServiceOptions = NO_OPTIONS,
    *,
    by: Author,
) -> Service:
    """A new service.

    Raises:
        ApiError: 400/54053, 400/54051 or 400/20422, an option is out of bounds.
    """
    change = _change(vault, account_sid, SyncOptions(), options)
    return services.create_service(tx, account_sid, product, change, by=by)


def update_service(
    tx: Tx,
    vault: Vault,
    account_sid: str,
    product: str,
    sid_or_name: str,
    options: ServiceOptions,
    *,
    by: Author,
) -> Service:
    """Change the options that are set.

    Raises:
        ApiError: 404/20404, no such service; 400/54010, nothing is set; 400/54053, 400/54051 or 400/20422, an
            option is out of bounds.
    """
    service = services.claim_service(tx, account_sid, product, sid_or_name)
    if options == NO_OPTIONS:
        raise ApiError(400, 54010, "No parameters specified: expected at least one option of the service")
    known = options_of(service)
    # A service that was made with its account has no options yet: what changes is told against the defaults.
    as_known = replace(service, options=_written(known))
    return services.change_service(tx, as_known, _change(vault, account_sid, known, options), by=by)


@functools.lru_cache(maxsize=4096)
def _read(options: str) -> SyncOptions:
    return msgspec.json.decode(options, type=SyncOptions)


def _written(options: SyncOptions) -> str:
    return msgspec.json.encode(options).decode()


def _change(vault: Vault, account_sid: str, known: SyncOptions, options: ServiceOptions) -> ServiceChange:
    services.check_name(options.friendly_name)
    # What is unset is left out by `omit_defaults`.
    given = msgspec.to_builtins(options)
    own = {name: given.pop(name) for name in SyncOptions.__struct_fields__ if name in given}
    if isinstance(options.webhook_url, str):
        own["webhook_url"] = _checked_url(vault, account_sid, options.webhook_url)
    return ServiceChange(**given, options=_written(_checked(replace(known, **own))))


def _checked_url(vault: Vault, account_sid: str, url: str) -> StoredUrl:
    try:
        return webhook_urls.checked(vault, account_sid, url, WEBHOOK_URL_CHARS_MAX)
    except ValueError as flaw:
        raise ApiError(400, 54051, f"Invalid webhook URL: {flaw}") from None


def _checked(options: SyncOptions) -> SyncOptions:
    if not WINDOW_MS_MIN <= options.reachability_debouncing_window_ms <= WINDOW_MS_MAX:
        raise invalid(f"ReachabilityDebouncingWindow is {WINDOW_MS_MIN} to {WINDOW_MS_MAX} ms")
    return options
