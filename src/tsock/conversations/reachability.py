"""Which users are online and can be notified (`protocol/conversations.md`, Reachability).

It is told in the item `reachability` of their info. A service that has it off is told of nobody new, and of
nobody that they are online.
"""

from collections.abc import Iterable, Sequence

import msgspec

from tsock.cluster import nodes
from tsock.conversations import objects, tables, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.models import Reachability
from tsock.conversations.tables import User
from tsock.storage.store import Tx
from tsock.sync.models import Root

Place = tuple[str, str]
"""A service and an identity."""

TABLE = "chat_presence"

_IS_NOTIFIABLE = (
    "SELECT 1 FROM chat_bindings WHERE service_sid = :service_sid AND identity = :identity LIMIT 1"
)
_IS_CONNECTED = (
    "SELECT 1 FROM chat_presence WHERE service_sid = :service_sid AND identity = :identity LIMIT 1"
)
_COME = (
    "INSERT INTO chat_presence (service_sid, identity, node) VALUES (:service_sid, :identity, :node) "
    "ON CONFLICT (service_sid, identity, node) DO NOTHING"
)
_LEAVE = (
    "DELETE FROM chat_presence WHERE service_sid = :service_sid AND identity = :identity AND node = :node"
)
_OF_NODE = (
    "SELECT service_sid, identity FROM chat_presence WHERE node = :node "
    "AND (service_sid, identity) > (:service_sid, :identity) ORDER BY service_sid, identity LIMIT :limit"
)
_OF_SERVICE = (
    "SELECT service_sid, identity FROM chat_presence "
    "WHERE service_sid = :service_sid AND identity > :identity UNION "
    "SELECT service_sid, identity FROM chat_bindings "
    "WHERE service_sid = :service_sid AND identity > :identity ORDER BY identity LIMIT :limit"
)


class Sighting(msgspec.Struct, frozen=True):
    """Whether a user was seen connected to a node."""

    actor: ChatActor
    """The service, and its options of then; the identity is the user's."""
    node: str
    is_connected: bool
    role_sid: str | None = None
    """The service role of a user who comes for the first time, as its token says."""


def settle(tx: Tx, sightings: Sequence[Sighting], own: str) -> None:
    """Note what was seen, and tell who is online by that and by what other nodes have noted.

    Args:
        tx: the transaction.
        sightings: one of each user and node; nothing is written where nothing changed.
        own: the node that saw them. It speaks for another one as long as that is absent.
    """
    spoken_for = nodes.spoken_for(tx, (seen.node for seen in sightings), own)
    heeded = [seen for seen in sightings if seen.node in spoken_for]
    # In one order, or two that make the same users could wait for each other.
    in_order = sorted(heeded, key=lambda seen: (seen.actor.service_sid, seen.actor.identity))
    found = [(user, seen) for seen in in_order if (user := _user(tx, seen)) is not None]
    for user, seen in sorted(found, key=lambda each: each[0].info_sid):
        info = _claimed_info(tx, seen.actor, user)
        tx.run(_COME if _counts(seen) else _LEAVE, {**_named(user), "node": seen.node})
        if info is not None:
            _tell(tx, seen.actor, user, info)


def tell(tx: Tx, actor: ChatActor, identities: Iterable[str]) -> None:
    """Tell of users of the actor's service who are notified on more devices now, or fewer."""
    found = [user for name in identities if (user := tables.user(tx, actor.service_sid, name)) is not None]
    for user in sorted(found, key=lambda each: each.info_sid):
        info = _claimed_info(tx, actor, user)
        if info is not None:
            _tell(tx, actor, user, info)


def forget(tx: Tx, places: Iterable[tuple[str, Place]]) -> None:
    """Let go of users at nodes whose service is no more."""
    for node, (service_sid, identity) in places:
        tx.run(_LEAVE, {"service_sid": service_sid, "identity": identity, "node": node})


def of_node(tx: Tx, node: str, after: Place, limit: int) -> list[Place]:
    """Up to `limit` users of all services who are connected to a node, as that noted, behind `after`."""
    return _places(tx, _OF_NODE, after, limit, node=node)


def known(tx: Tx, after: Place, limit: int) -> list[Place]:
    """Up to `limit` users of one service of whom there is something to tell, behind `after`."""
    return _places(tx, _OF_SERVICE, after, limit)


def _user(tx: Tx, seen: Sighting) -> User | None:
    actor = seen.actor
    if _counts(seen):
        return users.ensure(tx, actor, actor.identity, role_sid=seen.role_sid)
    return tables.user(tx, actor.service_sid, actor.identity)


def _counts(seen: Sighting) -> bool:
    return seen.is_connected and seen.actor.options.reachability_enabled


def _claimed_info(tx: Tx, actor: ChatActor, user: User) -> Root | None:
    """The info that tells of a user, claimed before what it tells is read; None where nothing is told."""
    if actor.options.reachability_enabled or objects.item(tx, user.info_sid, users.REACHABILITY) is not None:
        return objects.claim(tx, user.info_sid)[0]
    return None


def _tell(tx: Tx, actor: ChatActor, user: User, info: Root) -> None:
    is_online = actor.options.reachability_enabled and tx.one(_IS_CONNECTED, _named(user)) is not None
    is_notifiable = tx.one(_IS_NOTIFIABLE, _named(user)) is not None
    users.set_reachability(tx, actor, info, Reachability(is_online, is_notifiable))


def _places(tx: Tx, sql: str, after: Place, limit: int, **named: str) -> list[Place]:
    asked = {"service_sid": after[0], "identity": after[1], "limit": limit, **named}
    return [(row[0], row[1]) for row in tx.all(sql, asked)]


def _named(user: User) -> dict[str, str]:
    return {"service_sid": user.service_sid, "identity": user.identity}
