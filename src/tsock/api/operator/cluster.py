"""Which nodes serve the database of this installation, and who of them leads."""

import msgspec

from tsock.api.request import Answer, Door, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.cluster import nodes
from tsock.cluster.nodes import Standing
from tsock.settings import Settings
from tsock.storage.store import Tx


class NodeView(msgspec.Struct, frozen=True):
    """A node."""

    id: str
    name: str
    version: str
    address: str
    date_started: str
    lease_ms: int
    """How much of its lease is left; below zero since when it is over."""
    is_leader: bool


class ClusterReport(msgspec.Struct, frozen=True):
    """All nodes."""

    may_have_several: bool
    """Whether there can be more than one on these data."""
    nodes: list[NodeView]
    """The oldest first; none where there is one at most."""


class ClusterHandlers:
    """Shows nodes."""

    def __init__(self, settings: Settings) -> None:
        self._has_database = settings.database_url is not None

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [Route(Door.OPERATOR, "GET", "/cluster", self.show)]

    def show(self, request: Request) -> Answer:
        """Every node, with those that ended without a word a short while ago."""
        if not self._has_database:
            return answer(ClusterReport(may_have_several=False, nodes=[]))

        def query(tx: Tx) -> Response:
            found = [_view(each) for each in nodes.standings(tx)]
            return answer(ClusterReport(may_have_several=True, nodes=found))

        return Read(query)


def _view(standing: Standing) -> NodeView:
    node = standing.node
    return NodeView(
        id=node.id,
        name=node.name,
        version=node.version,
        address=node.address,
        date_started=iso_ms(standing.started_ms),
        lease_ms=standing.lease_ms,
        is_leader=standing.is_leader and standing.lease_ms > 0,
    )
