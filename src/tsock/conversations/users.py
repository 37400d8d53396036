"""Users: who a service knows, by their two maps (`protocol/conversations.md`, Users).

A user comes into being when its identity first connects, is added to a conversation, or over REST.
"""

import msgspec
from msgspec import UNSET, UnsetType

from tsock.conversations import access, hook_parameters, objects, refusals, roles, tables, values, webhooks
from tsock.conversations.actor import ChatActor
from tsock.conversations.authorization import require
from tsock.conversations.hook_parameters import Told
from tsock.conversations.models import NO_ATTRIBUTES, Reachability, UserValue
from tsock.conversations.tables import User
from tsock.events import RoleLost
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.sync.actor import Actor
from tsock.sync.models import Root

FRIENDLY_NAME = "friendlyName"
ATTRIBUTES = "attributes"
REACHABILITY = "reachability"


class UserChange(msgspec.Struct, frozen=True):
    """What is to be set of a user; what is unset keeps its value."""

    friendly_name: str | UnsetType | None = UNSET
    attributes: str | UnsetType = UNSET
    role_sid: str | UnsetType = UNSET
    """Over REST only."""


NO_CHANGE = UserChange()


class Profile(msgspec.Struct, frozen=True):
    """What a user's map of info says."""

    friendly_name: str | None
    attributes: str
    reachability: Reachability | None
    """None before it was ever told."""


def ensure(tx: Tx, actor: ChatActor, identity: str, *, role_sid: str | None = None) -> User:
    """The user of an identity, made now if the service does not know it.

    Args:
        tx: the transaction.
        actor: who asks.
        identity: a valid one.
        role_sid: the service role of a new user, if it exists; else that of the service's newcomers.
    """
    user = tables.user(tx, actor.service_sid, identity)
    if user is not None and user.deleted_ms is not None:
        user = tables.claimed_user(tx, actor.service_sid, identity)
    if user is not None and user.deleted_ms is None:
        return user
    made = _make(tx, actor, identity, user, role_sid)
    webhooks.of_user(tx, actor, "onUserAdded", made, hook_parameters.user(made, None, NO_ATTRIBUTES))
    return made


def create(tx: Tx, actor: ChatActor, identity: str | None, change: UserChange = NO_CHANGE) -> User:
    """Make a user over REST.

    Raises:
        ApiError: 50204, 50203, 50206, 50207 bad identity; 50201 it exists; 50102 no such role; 50003, 50303,
            50304.
    """
    identity = values.identity(identity, actor.limits)
    known = tables.claimed_user(tx, actor.service_sid, identity)
    if known is not None and known.deleted_ms is None:
        raise refusals.user_exists(identity)
    _check_role(tx, actor, change)
    user = _make(tx, actor, identity, known, change.role_sid or None)
    _save(tx, actor, user, change)
    webhooks.of_user(tx, actor, "onUserAdded", user, told(tx, actor, user))
    return user


def find(tx: Tx, actor: ChatActor, name: str) -> User:
    """The user with this identity or SID.

    Raises:
        ApiError: 50200.
    """
    user = tables.user(tx, actor.service_sid, name)
    if user is None or user.deleted_ms is not None:
        user = tables.user_by_sid(tx, actor.service_sid, name)
    if user is None:
        raise refusals.user_not_found(name)
    return user


def claim(tx: Tx, actor: ChatActor, name: str) -> User:
    """The same for a rule that changes or deletes it: nobody else does meanwhile.

    Raises:
        ApiError: 50200.
    """
    found = find(tx, actor, name)
    user = tables.claimed_user(tx, found.service_sid, found.identity)
    if user is None or user.sid != found.sid or user.deleted_ms is not None:
        raise refusals.user_not_found(name)
    return user


def page(tx: Tx, actor: ChatActor, place: Cursor, size: int) -> tuple[list[User], Slice]:
    """A page of a service's users, the oldest first, and what lies beside it; over REST only."""
    return tables.page_of_users(tx, actor.service_sid, place, size)


def update(tx: Tx, actor: ChatActor, name: str, change: UserChange) -> User:
    """Set what the change says.

    Raises:
        ApiError: 50200; 20161 nothing to change; 50107; 50102 no such role; 50003, 50303, 50304 bad values.
    """
    # Who was deleted while connected comes into being again with what it does next.
    if name == actor.identity:
        ensure(tx, actor, name)
    user = claim(tx, actor, name)
    if change == NO_CHANGE:
        raise refusals.nothing_to_change()
    own = user.identity == actor.identity
    require(tx, actor, "editOwnUserInfo" if own else "editAnyUserInfo", instead="editAnyUserInfo")
    _check_role(tx, actor, change)
    _save(tx, actor, user, change)
    webhooks.of_user(tx, actor, "onUserUpdated", user, told(tx, actor, user))
    return user


def profile(tx: Tx, user: User) -> Profile:
    """What everybody in the service may know of a user."""

    def value(key: str) -> str | None:
        item = objects.item(tx, user.info_sid, key)
        return None if item is None else objects.decoded(item, UserValue).value

    told = objects.item(tx, user.info_sid, REACHABILITY)
    return Profile(
        value(FRIENDLY_NAME),
        value(ATTRIBUTES) or NO_ATTRIBUTES,
        None if told is None else objects.decoded(told, Reachability),
    )


def told(tx: Tx, actor: ChatActor, user: User) -> Told:
    """What webhooks are told of a user."""
    if actor.webhooks is None:
        return {}
    known, seen = profile(tx, user), None
    if actor.options.reachability_enabled:
        seen = known.reachability or Reachability()
    return hook_parameters.user(user, known.friendly_name, known.attributes, seen)


def set_reachability(tx: Tx, actor: ChatActor, info: Root, reachability: Reachability) -> None:
    """Tell in a user's claimed info whether it is online, and can be notified; where that has changed."""
    told = objects.item(tx, info.sid, REACHABILITY)
    if told is None or objects.decoded(told, Reachability) != reachability:
        objects.put(tx, actor.of_sync(), info, REACHABILITY, reachability)


def _make(tx: Tx, actor: ChatActor, identity: str, user: User | None, role_sid: str | None) -> User:
    """Make a user, or again one that was deleted."""
    role = None if role_sid is None else roles.get(tx, actor.service_sid, role_sid)
    if role is None or role.type != "service":
        role_sid = roles.of_new_user(tx, actor.service_sid, actor.options)
    assert role_sid is not None
    if user is not None:
        user.sid, user.role_sid, user.deleted_ms = tx.sid("US"), role_sid, None
        user.created_ms = user.updated_ms = tx.date_ms
        tables.save_user(tx, user)
        return user
    sid = tx.sid("US")
    # Both maps are the user's own, whoever had them made: `access` tells by that whose they are.
    own = Actor(actor.account_sid, actor.service_sid, identity)
    conversations = objects.create(tx, own, sid, objects.CHANNELS)
    info = objects.create(tx, own, sid, objects.INFO)
    by = actor.of_sync()
    objects.put(tx, by, info, FRIENDLY_NAME, UserValue(None))
    objects.put(tx, by, info, ATTRIBUTES, UserValue(NO_ATTRIBUTES))
    user = User(
        service_sid=actor.service_sid,
        identity=identity,
        sid=sid,
        role_sid=role_sid,
        conversations_sid=conversations.sid,
        info_sid=info.sid,
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )
    tables.insert_user(tx, user)
    return user


def _check_role(tx: Tx, actor: ChatActor, change: UserChange) -> None:
    if change.role_sid is not UNSET:
        roles.find(tx, actor.service_sid, change.role_sid, "service", 50102)


def _save(tx: Tx, actor: ChatActor, user: User, change: UserChange) -> None:
    limits, by = actor.limits, actor.of_sync()
    (info,) = objects.claim(tx, user.info_sid)
    if change.friendly_name is not UNSET:
        name = values.friendly_name(change.friendly_name, limits)
        objects.put(tx, by, info, FRIENDLY_NAME, UserValue(name))
    if change.attributes is not UNSET:
        text = values.attributes(change.attributes, limits.attributes_bytes_max)
        objects.put(tx, by, info, ATTRIBUTES, UserValue(text))
    if change.role_sid is not UNSET and change.role_sid != user.role_sid:
        if access.administers(tx, user.service_sid, user.identity):
            tx.emit(RoleLost(user.service_sid, user.identity))
        user.role_sid = change.role_sid
    user.updated_ms = tx.date_ms
    tables.save_user(tx, user)
