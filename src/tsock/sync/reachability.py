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

_OF_IDENTITY = (
    "SELECT service_sid, identity, endpoint_id, node, away_ms FROM sync_presence "
    "WHERE service_sid = :service_sid AND identity = :identity LIMIT 1000"
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
    found = _of_identity(tx, endpoint)
    is_known = any(each.endpoint_id == endpoint.endpoint_id for each in found)
    is_back = bool(found) and all(each.away_ms is not None for each in found)
    for each in found:
        if each.away_ms is not None:
            _remove(tx, each)
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
    own, others = _taken(tx, endpoint, node)
    if own is not None and all(each.endpoint_id != endpoint.endpoint_id for each in others):
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
    own, others = _taken(tx, endpoint, node)
    if own is not None and all(each.away_ms is not None for each in others):
        for each in others:
            _remove(tx, each)
        _put(tx, endpoint, waits, away_ms=at_ms)


def give_up(tx: Tx, endpoint: Actor, node: str, *, at_ms: int) -> None:
    """Tell of an absence that a node has waited for, unless it has ended."""
    for each in _of_identity(tx, endpoint):
        if (each.endpoint_id, each.node, each.away_ms) == (endpoint.endpoint_id, node, at_ms):
            _remove(tx, each)
            webhooks.of_endpoint(tx, endpoint, "disconnected")


def of_node(tx: Tx, node: str, after: Standing, limit: int) -> list[Standing]:
    """Up to `limit` endpoints that a node has noted, behind `after`."""
    return [Standing(*row) for row in tx.all(_OF_NODE, {**after._asdict(), "node": node, "limit": limit})]


def _taken(tx: Tx, endpoint: Actor, node: str) -> tuple[Standing | None, list[Standing]]:
    """What a node has noted of an endpoint, which is removed, and what else there is of the identity.

    There is nothing where others have settled it, as of a node that they took for absent.
    """
    own: Standing | None = None
    others: list[Standing] = []
    for each in _of_identity(tx, endpoint):
        if (each.endpoint_id, each.node) == (endpoint.endpoint_id, node):
            own = each
            _remove(tx, each)
        else:
            others.append(each)
    return own, others


def _of_identity(tx: Tx, endpoint: Actor) -> list[Standing]:
    asked = {"service_sid": endpoint.service_sid, "identity": endpoint.identity}
    return [Standing(*row) for row in tx.all(_OF_IDENTITY, asked)]


def _put(tx: Tx, endpoint: Actor, node: str, away_ms: int | None = None) -> None:
    assert endpoint.endpoint_id is not None
    standing = Standing(endpoint.service_sid, endpoint.identity, endpoint.endpoint_id, node, away_ms)
    tx.run(_PUT, standing._asdict())


def _remove(tx: Tx, standing: Standing) -> None:
    params: dict[str, Any] = standing._asdict()
    del params["away_ms"]
    tx.run(_REMOVE, params)
