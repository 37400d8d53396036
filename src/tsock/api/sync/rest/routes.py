"""All that backends ask of Sync over REST (`protocol/rest.md`, Sync)."""

from tsock.accounts.directory import Directory
from tsock.api.router import Route
from tsock.api.sync.rates import SyncRates
from tsock.api.sync.rest.items import SyncRestItems
from tsock.api.sync.rest.permissions import SyncRestPermissions
from tsock.api.sync.rest.roots import SyncRestRoots
from tsock.api.sync.rest.scope import SyncRestScope
from tsock.api.sync.rest.services import SyncRestServices
from tsock.sync.actor import SyncLimits


def routes(directory: Directory, limits: SyncLimits, rates: SyncRates) -> list[Route]:
    """The part of the route table that is served here."""
    scope = SyncRestScope(directory, limits)
    return [
        *SyncRestServices(scope).routes(),
        *SyncRestRoots(scope, rates).routes(),
        *SyncRestItems(scope, rates).routes(),
        *SyncRestPermissions(scope, rates).routes(),
    ]
