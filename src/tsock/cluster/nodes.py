"""The nodes of one database: each has a lease, which it renews for as long as it runs.

Leases are judged by what the clock of the database shows, which those of nodes follow. A node that was away
for longer is not among them until it renews its lease, and a row that nobody renews is forgotten.
"""

from collections.abc import Iterable, Sequence

import msgspec

from tsock.storage.store import Tx

LEASE_S = 5.0
"""How long a node counts after it last said that it runs."""
KEPT_S = 600.0
"""How long an operator is shown one whose lease is over."""

_UPDATE = "UPDATE nodes SET until_ms = (SELECT now_ms FROM store_clock) + :lease WHERE id = :id"
_INSERT = (
    "INSERT INTO nodes (id, name, version, address, started_ms, until_ms) "
    "SELECT :id, :name, :version, :address, now_ms, now_ms + :lease FROM store_clock"
)
_DELETE = "DELETE FROM nodes WHERE id = :id"
_FORGET = "DELETE FROM nodes WHERE until_ms < (SELECT now_ms FROM store_clock) - :kept"
_SERVES = "SELECT 1 FROM nodes, store_clock WHERE id = :id AND until_ms > now_ms"
_ABSENT = (
    "WITH RECURSIVE present (node) AS (SELECT min(node) FROM {table} UNION ALL "
    "SELECT (SELECT min(node) FROM {table} WHERE node > present.node) FROM present "
    "WHERE present.node IS NOT NULL) "
    "SELECT node FROM present WHERE node IS NOT NULL AND node <> :own AND NOT EXISTS "
    "(SELECT 1 FROM nodes, store_clock WHERE nodes.id = present.node AND until_ms > now_ms) LIMIT 1000"
)
_ALL = (
    "SELECT id, name, version, address, started_ms, until_ms - now_ms, id = coalesce(node, '') "
    "FROM nodes, leadership, store_clock ORDER BY started_ms, id LIMIT 1000"
)


class Node(msgspec.Struct, frozen=True):
    """What a node says of itself."""

    id: str
    """Drawn at each start."""
    name: str
    """For people."""
    version: str
    address: str
    """Host and port that it listens on."""


class Standing(msgspec.Struct, frozen=True):
    """What the others know of it."""

    node: Node
    started_ms: int
    lease_ms: int
    """How much of its lease is left; below zero since when it is over."""
    is_leader: bool
    """Whether it leads, or was the last who did."""


def renew(tx: Tx, node: Node) -> bool:
    """Begin a lease anew, that of a node that nobody knows included; whether it still ran.

    If it did not, others may have settled what the node had (`spoken_for`).
    """
    _hold(tx, node.id)
    lease = {"id": node.id, "lease": round(LEASE_S * 1000)}
    if tx.count(f"{_UPDATE} AND until_ms > (SELECT now_ms FROM store_clock)", lease):
        return True
    if not tx.count(_UPDATE, lease):
        tx.run(_INSERT, {**msgspec.structs.asdict(node), **lease})
    return False


def remove(tx: Tx, node_id: str) -> None:
    """Let go of a node that stops."""
    tx.run(_DELETE, {"id": node_id})


def forget(tx: Tx) -> None:
    """Remove those that ended without a word."""
    tx.run(_FORGET, {"kept": round(KEPT_S * 1000)})


def standings(tx: Tx) -> Sequence[Standing]:
    """All nodes, the oldest first, with those whose lease is over."""
    return [Standing(Node(*row[:4]), row[4], row[5], bool(row[6])) for row in tx.all(_ALL, {})]


def absent(tx: Tx, table: str, own: str) -> list[str]:
    """Those that serve no longer and have rows in a table, which has an index on `node`.

    Args:
        tx: the transaction.
        table: its name.
        own: the node that asks, which serves.
    """
    return [row[0] for row in tx.all(_ABSENT.format(table=table), {"own": own})]


def spoken_for(tx: Tx, named: Iterable[str], own: str) -> set[str]:
    """The nodes that `own` may speak for: itself, and of those named whoever serves no longer.

    They cannot begin to serve again before this transaction has ended.
    """
    others = sorted(set(named) - {own})
    return {own, *(node_id for node_id in others if _is_absent(tx, node_id))}


def _is_absent(tx: Tx, node_id: str) -> bool:
    _hold(tx, node_id)
    return tx.one(_SERVES, {"id": node_id}) is None


def _hold(tx: Tx, node_id: str) -> None:
    """Let nobody else begin its lease, or say that it has none, before this transaction has ended."""
    tx.lock(f"node {node_id}")
