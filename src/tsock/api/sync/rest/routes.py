"""All that backends ask of Sync over REST (`protocol/rest.md`, Sync)."""

from tsock.accounts.directory import Directory
from tsock.accounts.secrets import Vault
from tsock.api.router import Route
from tsock.api.sync.rates import SyncRates
from tsock.api.sync.rest.items import ItemHandlers
from tsock.api.sync.rest.permissions import PermissionHandlers
from tsock.api.sync.rest.roots import RootHandlers
from tsock.api.sync.rest.scope import RestScope
from tsock.api.sync.rest.services import ServiceHandlers
from tsock.sync.actor import SyncLimits


def routes(directory: Directory, vault: Vault, limits: SyncLimits, rates: SyncRates) -> list[Route]:
    """The part of the route table that is served here."""
    scope = RestScope(directory, limits)
    return [
        *ServiceHandlers(scope, vault).routes(),
        *RootHandlers(scope, rates).routes(),
        *ItemHandlers(scope, rates).routes(),
        *PermissionHandlers(scope, rates).routes(),
    ]
