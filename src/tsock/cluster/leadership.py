"""Who of the nodes leads: it does what only one may do, and leads for as long as its lease as a node lasts.

Whoever takes the lead, and the leader when it renews its lease, holds the one row: so neither sees the lease
of the other as it was. All others look at it without waiting for anybody.
"""

import msgspec

from tsock.cluster import nodes
from tsock.cluster.nodes import Node
from tsock.storage.store import Tx

_HOLDER = "SELECT node, term FROM leadership"
_LOOK = (
    "SELECT leadership.node, coalesce(until_ms, 0) > now_ms, "
    "(SELECT count(*) FROM nodes WHERE until_ms > now_ms), now_ms, ahead_ms "
    "FROM store_clock, progress, leadership LEFT JOIN nodes ON nodes.id = leadership.node"
)
_TAKE = "UPDATE leadership SET node = :node, term = :term"
_GIVE_BACK = "UPDATE leadership SET node = NULL WHERE node = :node"


class Renewal(msgspec.Struct, frozen=True):
    """What a node learns when it renews its lease."""

    was_absent: bool
    """Whether its lease had ended, or never begun."""
    term: int | None
    """In which it leads, as it did before."""
    is_vacant: bool
    """Whether nobody else does."""
    nodes: int
    """How many there are, itself included."""
    now_ms: int
    """What the clock of the database shows, which counts for all of them."""
    ahead_ms: int
    """How much further development moved it for all."""


def renew(tx: Tx, node: Node, term: int | None) -> Renewal:
    """Renew the lease of a node, and with it its lead.

    Args:
        tx: the transaction.
        node: whose.
        term: in which it leads, by its own clock.
    """
    holds = term is not None and _holder(tx) == (node.id, term)
    was_absent = not nodes.renew(tx, node)
    if holds:
        nodes.forget(tx)
    is_vacant, *told = _look(tx, node)
    return Renewal(was_absent, term if holds else None, is_vacant and not holds, *told)


def take(tx: Tx, node: Node) -> int | None:
    """Lead from now on, unless somebody else does; the term, which nobody had before.

    What the node had of its lease begins anew with it.
    """
    _, term = _holder(tx)
    is_vacant, *_ = _look(tx, node)
    if not is_vacant:
        return None
    tx.run(_TAKE, {"node": node.id, "term": term + 1})
    nodes.renew(tx, node)
    return term + 1


def leave(tx: Tx, node: Node) -> None:
    """Let go of a node that stops; if it leads, another one may do so at once."""
    tx.run(_GIVE_BACK, {"node": node.id})
    nodes.remove(tx, node.id)


def _holder(tx: Tx) -> tuple[str | None, int]:
    row = tx.claim(_HOLDER, {})
    assert row is not None, "there is one from the beginning"
    return row[0], row[1]


def _look(tx: Tx, node: Node) -> tuple[bool, int, int, int]:
    """Whether nobody else leads, how many nodes there are, what the clock shows, and how far it was moved.

    A node that has to ask has stopped to lead itself, whatever the row says.
    """
    row = tx.one(_LOOK, {})
    assert row is not None
    return row[0] in (None, node.id) or not row[1], row[2], row[3], row[4]
