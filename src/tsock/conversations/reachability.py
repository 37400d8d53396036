"""Which users are online and can be notified (`protocol/conversations.md`, Reachability).

It is told in the item `reachability` of their info. A service that has it off is told of nobody new, and of
nobody that they are online.
"""

from collections.abc import Iterable, Sequence

import msgspec

from tsock.conversations import objects, tables, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.models import Reachability
from tsock.conversations.tables import User
from tsock.storage.store import Tx
from tsock.sync.models import Root

Place = tuple[str, str]
"""A service and an identity."""

_IS_NOTIFIABLE = (
    "SELECT 1 FROM chat_bindings WHERE service_sid = :service_sid AND identity = :identity LIMIT 1"
)
_IS_ONLINE = "SELECT 1 FROM chat_online WHERE service_sid = :service_sid AND identity = :identity"
_COME = (
    "INSERT INTO chat_online (service_sid, identity) VALUES (:service_sid, :identity) "
    "ON CONFLICT (service_sid, identity) DO NOTHING"
)
_LEAVE = "DELETE FROM chat_online WHERE service_sid = :service_sid AND identity = :identity"
_ONLINE = (
    "SELECT service_sid, identity FROM chat_online WHERE (service_sid, identity) > (:service_sid, :identity) "
    "ORDER BY service_sid, identity LIMIT :limit"
)
_OF_SERVICE = (
    "SELECT service_sid, identity FROM chat_online "
    "WHERE service_sid = :service_sid AND identity > :identity UNION "
    "SELECT service_sid, identity FROM chat_bindings "
    "WHERE service_sid = :service_sid AND identity > :identity ORDER BY identity LIMIT :limit"
)


class Sighting(msgspec.Struct, frozen=True):
    """Whether a user was seen connected."""

    actor: ChatActor
    """The service, and its options of then; the identity is the user's."""
    is_connected: bool
    role_sid: str | None = None
    """The service role of a user who comes for the first time, as its token says."""


def settle(tx: Tx, sightings: Sequence[Sighting]) -> None:
    """Tell what was seen, of each user once; nothing is written where nothing changed."""
    # In one order, or two that make the same users could wait for each other.
    in_order = sorted(sightings, key=lambda seen: (seen.actor.service_sid, seen.actor.identity))
    found = [(user, seen) for seen in in_order if (user := _user(tx, seen)) is not None]
    for user, seen in sorted(found, key=lambda each: each[0].info_sid):
        info = _claimed_info(tx, seen.actor, user)
        is_online = _is_online(seen)
        tx.run(_COME if is_online else _LEAVE, _named(user))
        if info is not None:
            _tell(tx, seen.actor, user, info, is_online=is_online)


def tell(tx: Tx, actor: ChatActor, identities: Iterable[str]) -> None:
    """Tell of users of the actor's service who are notified on more devices now, or fewer."""
    found = [user for name in identities if (user := tables.user(tx, actor.service_sid, name)) is not None]
    for user in sorted(found, key=lambda each: each.info_sid):
        info = _claimed_info(tx, actor, user)
        if info is not None:
            _tell(tx, actor, user, info, is_online=tx.one(_IS_ONLINE, _named(user)) is not None)


def online(tx: Tx, after: Place, limit: int) -> list[Place]:
    """Up to `limit` users of all services who are told to be online, behind `after`."""
    return _places(tx, _ONLINE, after, limit)


def known(tx: Tx, after: Place, limit: int) -> list[Place]:
    """Up to `limit` users of one service of whom there is something to tell, behind `after`."""
    return _places(tx, _OF_SERVICE, after, limit)


def _user(tx: Tx, seen: Sighting) -> User | None:
    actor = seen.actor
    if _is_online(seen):
        return users.ensure(tx, actor, actor.identity, role_sid=seen.role_sid)
    return tables.user(tx, actor.service_sid, actor.identity)


def _is_online(seen: Sighting) -> bool:
    return seen.is_connected and seen.actor.options.reachability_enabled


def _claimed_info(tx: Tx, actor: ChatActor, user: User) -> Root | None:
    """The info that tells of a user, claimed before what it tells is read; None where nothing is told."""
    if actor.options.reachability_enabled or objects.item(tx, user.info_sid, users.REACHABILITY) is not None:
        return objects.claim(tx, user.info_sid)[0]
    return None


def _tell(tx: Tx, actor: ChatActor, user: User, info: Root, *, is_online: bool) -> None:
    is_notifiable = tx.one(_IS_NOTIFIABLE, _named(user)) is not None
    users.set_reachability(tx, actor, info, Reachability(is_online, is_notifiable))


def _places(tx: Tx, sql: str, after: Place, limit: int) -> list[Place]:
    asked = {"service_sid": after[0], "identity": after[1], "limit": limit}
    return [(row[0], row[1]) for row in tx.all(sql, asked)]


def _named(user: User) -> dict[str, str]:
    return {"service_sid": user.service_sid, "identity": user.identity}
