"""`tsock cluster`: the nodes that serve one database, and who of them leads."""

from typing import Any

from tsock.cli import output
from tsock.cli.location import HERE, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson

COLUMNS = ("name", "id", "version", "address", "since", "lease", "leader")
ID_CHARS = 8
"""So much of an id tells nodes apart."""
ALONE = (
    "this installation keeps its data in SQLite, so it is one node; with database_url, the URL of a database "
    "of PostgreSQL, as many can be started on the same data as are wanted"
)


async def cluster(*, json: AsJson = False, location: Location = HERE) -> None:
    """List the nodes that serve the same database, and say which of them leads.

    A lease that is over tells of a node that ended without a word, or cannot reach the database.
    """
    async with operator(location) as ask:
        found = await ask.get("cluster")
    nodes: list[dict[str, Any]] = found["nodes"]
    if json:
        output.document(nodes)
        return
    none = "no node runs on this database" if found["may_have_several"] else ALONE
    output.table([_shown(node) for node in nodes], COLUMNS, none=none)


def _shown(node: dict[str, Any]) -> dict[str, Any]:
    seconds = node["lease_ms"] / 1000
    return {
        **node,
        "id": node["id"][:ID_CHARS],
        "since": node["date_started"],
        "lease": f"{seconds:.1f} s" if seconds > 0 else f"over for {-seconds:.0f} s",
        "leader": node["is_leader"],
    }
