"""All that backends ask of Sync over REST (`rest.md` 4)."""

from tsock.api.rest.sync_items import SyncRestItems
from tsock.api.rest.sync_permissions import SyncRestPermissions
from tsock.api.rest.sync_roots import SyncRestRoots
from tsock.api.rest.sync_scope import SyncRestScope
from tsock.api.rest.sync_services import SyncRestServices
from tsock.api.router import Route
from tsock.api.sync_messages import Publish
from tsock.api.sync_rates import SyncRates
from tsock.auth.directory import Directory
from tsock.sync.actor import Limits


def routes(directory: Directory, limits: Limits, rates: SyncRates, publish: Publish) -> list[Route]:
    """The part of the route table that is served here."""
    scope = SyncRestScope(directory, limits)
    return [
        *SyncRestServices(scope).routes(),
        *SyncRestRoots(scope, rates, publish).routes(),
        *SyncRestItems(scope, rates).routes(),
        *SyncRestPermissions(scope, rates).routes(),
    ]
