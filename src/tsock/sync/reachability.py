"""Which endpoints of users are connected, to whichever node, and what their service is told of it.

Each node notes here its own endpoints, of services that want to be told. An endpoint may be at several nodes,
as after it moved from one to another that has not yet missed it: it comes with the first and goes with the
last. With debouncing an absence begins once the identity has no endpoint left, and is told when it is given
up; whoever of its endpoints comes earlier, to whichever node, ends it without a word.

The window is real time, not the movable clock's: it is there to outlast a reconnect, which takes the time it
takes, and an hour forward drops no connection either. So whoever calls measures it.
"""

from typing import Any, NamedTuple

from tsock.storage.store import Tx
from tsock.sync import webhooks
from tsock.sync.actor import Actor

TABLE = "sync_presence"

_OF_ENDPOINT = (
    "SELECT 1 FROM sync_presence WHERE service_sid = :service_sid AND identity = :identity "
    "AND endpoint_id = :endpoint_id LIMIT 1"
)
_IS_CONNECTED = (
    "SELECT 1 FROM sync_presence WHERE service_sid = :service_sid AND identity = :identity "
    "AND away_ms IS NULL LIMIT 1"
)
_END_ABSENCES = (
    "DELETE FROM sync_presence WHERE service_sid = :service_sid AND identity = :identity "
    "AND away_ms IS NOT NULL"
)
_OF_NODE = (
    "SELECT service_sid, identity, endpoint_id, node, away_ms FROM sync_presence WHERE node = :node "
    "AND (service_sid, identity, endpoint_id) > (:service_sid, :identity, :endpoint_id) "
    "ORDER BY service_sid, identity, endpoint_id LIMIT :limit"
)
_PUT = (
    "INSERT INTO sync_presence (service_sid, identity, endpoint_id, node, away_ms) "
    "VALUES (:service_sid, :identity, :endpoint_id, :node, :away_ms) "
    "ON CONFLICT (service_sid, identity, endpoint_id, node) DO UPDATE SET away_ms = excluded.away_ms"
)
_REMOVE = (
    "DELETE FROM sync_presence WHERE service_sid = :service_sid AND identity = :identity "
    "AND endpoint_id = :endpoint_id AND node = :node"
)
_GIVE_UP = f"{_REMOVE} AND away_ms = :away_ms"


class Standing(NamedTuple):
    """What a node has noted of an endpoint."""

    service_sid: str
    identity: str
    endpoint_id: str
    node: str
    away_ms: int | None
    """Names the absence that has begun; None while the endpoint is connected."""


START = Standing("", "", "", "", None)
"""Before all others."""


def lock(tx: Tx, service_sid: str) -> None:
    """Let nobody else change what is noted of a service before this transaction has ended.

    Whoever calls a rule below has done so; of several services in the order of their SIDs.
    """
    tx.lock(f"{TABLE} {service_sid}")


def come(tx: Tx, endpoint: Actor, node: str) -> None:
    """Note an endpoint that has its first connection to a node, and tell of it if it was nowhere."""
    is_known = _is_anywhere(tx, endpoint)
    is_back = tx.count(_END_ABSENCES, _of(endpoint)) > 0 and not _is_connected(tx, endpoint)
    _put(tx, endpoint, node)
    if not is_known and not is_back:
        webhooks.of_endpoint(tx, endpoint, "connected")


def stand(tx: Tx, endpoint: Actor, node: str) -> None:
    """Note one that was connected before its service wanted to know."""
    _put(tx, endpoint, node)


def leave(tx: Tx, endpoint: Actor, node: str) -> None:
    """Note that an endpoint has lost its last connection to a node, and tell of it if it is nowhere else.

    Its service is told nothing if it has no URL, or wants it no longer.
    """
    if _was_noted(tx, endpoint, node) and not _is_anywhere(tx, endpoint):
        webhooks.of_endpoint(tx, endpoint, "disconnected")


def begin_absence(tx: Tx, endpoint: Actor, node: str, *, waits: str, at_ms: int) -> None:
    """The same with debouncing: nothing is told yet, and nothing at all if another endpoint stands.

    Args:
        tx: the transaction.
        endpoint: which, as an actor.
        node: to which it was connected.
        waits: the node that gives the absence up in time.
        at_ms: what names the absence.
    """
    if _was_noted(tx, endpoint, node) and not _is_connected(tx, endpoint):
        tx.run(_END_ABSENCES, _of(endpoint))
        _put(tx, endpoint, waits, away_ms=at_ms)


def give_up(tx: Tx, endpoint: Actor, node: str, *, at_ms: int) -> None:
    """Tell of an absence that a node has waited for, unless it has ended."""
    if tx.count(_GIVE_UP, {**_of(endpoint), "node": node, "away_ms": at_ms}):
        webhooks.of_endpoint(tx, endpoint, "disconnected")


def of_node(tx: Tx, node: str, after: Standing, limit: int) -> list[Standing]:
    """Up to `limit` endpoints that a node has noted, behind `after`."""
    return [Standing(*row) for row in tx.all(_OF_NODE, {**after._asdict(), "node": node, "limit": limit})]


def _was_noted(tx: Tx, endpoint: Actor, node: str) -> bool:
    """Remove what a node has noted of an endpoint; whether there was anything.

    There is not where others have settled it, as of a node that they took for absent.
    """
    return tx.count(_REMOVE, {**_of(endpoint), "node": node}) > 0


def _is_anywhere(tx: Tx, endpoint: Actor) -> bool:
    """Whether any node has noted an endpoint, as connected or away."""
    return tx.one(_OF_ENDPOINT, _of(endpoint)) is not None


def _is_connected(tx: Tx, endpoint: Actor) -> bool:
    """Whether any endpoint of the identity is connected to any node."""
    return tx.one(_IS_CONNECTED, _of(endpoint)) is not None


def _put(tx: Tx, endpoint: Actor, node: str, away_ms: int | None = None) -> None:
    tx.run(_PUT, {**_of(endpoint), "node": node, "away_ms": away_ms})


def _of(endpoint: Actor) -> dict[str, Any]:
    return {
        "service_sid": endpoint.service_sid,
        "identity": endpoint.identity,
        "endpoint_id": endpoint.endpoint_id,
    }
