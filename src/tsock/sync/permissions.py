"""What identities may do with the objects of a service whose `acl_enabled` is on (`sync.md` 5).

Documents, lists and maps have permissions; a stream has none, so it is open to every valid token.
"""

import msgspec

from tsock.storage.store import Tx
from tsock.sync import refusals
from tsock.sync.actor import SYSTEM, Actor
from tsock.sync.kinds import STREAM
from tsock.sync.models import Root


class Permission(msgspec.Struct, frozen=True, gc=False):
    """What one identity may do with one object."""

    object_sid: str
    identity: str
    read: bool
    write: bool
    manage: bool


_GET = (
    "SELECT object_sid, identity, can_read, can_write, can_manage FROM sync_permissions "
    "WHERE object_sid = :sid AND identity = :identity"
)
_PUT = (
    "INSERT INTO sync_permissions (object_sid, identity, can_read, can_write, can_manage) "
    "VALUES (:sid, :identity, :read, :write, :manage) ON CONFLICT (object_sid, identity) "
    "DO UPDATE SET can_read = :read, can_write = :write, can_manage = :manage"
)


def require_read(tx: Tx, actor: Actor, root: Root) -> None:
    """Raise 403/54007 unless the actor may see `root`."""
    if actor.acl_enabled and root.kind is not STREAM and not _granted(tx, actor, root).read:
        raise refusals.forbidden()


def require_write(tx: Tx, actor: Actor, root: Root) -> None:
    """Raise 403/54007 unless the actor may change `root` or its items."""
    if actor.acl_enabled and root.kind is not STREAM and not _granted(tx, actor, root).write:
        raise refusals.forbidden()


def require_manage(tx: Tx, actor: Actor, root: Root) -> None:
    """Raise 403/54007 unless the actor may remove `root`."""
    if actor.acl_enabled and root.kind is not STREAM and not _granted(tx, actor, root).manage:
        raise refusals.forbidden()


def grant_creator(tx: Tx, actor: Actor, root: Root) -> None:
    """Give the creator of a fresh root every permission on it, where permissions count."""
    if actor.acl_enabled and root.kind is not STREAM and actor.identity != SYSTEM:
        _put(tx, Permission(root.sid, actor.identity, read=True, write=True, manage=True))


def _granted(tx: Tx, actor: Actor, root: Root) -> Permission:
    found = _get(tx, root.sid, actor.identity)
    return found or Permission(root.sid, actor.identity, read=False, write=False, manage=False)


def _get(tx: Tx, sid: str, identity: str) -> Permission | None:
    row = tx.one(_GET, {"sid": sid, "identity": identity})
    return None if row is None else Permission(row[0], row[1], bool(row[2]), bool(row[3]), bool(row[4]))


def _put(tx: Tx, permission: Permission) -> None:
    tx.run(
        _PUT,
        {
            "sid": permission.object_sid,
            "identity": permission.identity,
            "read": int(permission.read),
            "write": int(permission.write),
            "manage": int(permission.manage),
        },
    )
