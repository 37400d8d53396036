"""What identities may do with objects where `acl_enabled` is on (`protocol/sync.md`, Permissions).

Documents, lists and maps have permissions; a stream has none, so it is open to every valid token.
"""

import shlex
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from tsock.errors import ApiError
from tsock.events import ReadRevoked
from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Row, Tx
from tsock.sync import refusals, tables
from tsock.sync.actor import Actor
from tsock.sync.kinds import STREAM
from tsock.sync.models import Root


class Permission(msgspec.Struct, frozen=True, gc=False):
    """What one identity may do with one object."""

    object_sid: str
    identity: str
    read: bool
    write: bool
    manage: bool


Right = Literal["read", "write", "manage"]
RIGHTS: tuple[Right, ...] = get_args(Right)

IDENTITY_CHARS_MAX = 256

_SELECT = "SELECT identity, object_sid, can_read, can_write, can_manage FROM sync_permissions"
_BY_IDENTITY = Listing(_SELECT, ("identity",))
_GET = f"{_SELECT} WHERE object_sid = :sid AND identity = :identity"
_PUT = (
    "INSERT INTO sync_permissions (object_sid, identity, can_read, can_write, can_manage) "
    "VALUES (:sid, :identity, :read, :write, :manage) ON CONFLICT (object_sid, identity) "
    "DO UPDATE SET can_read = :read, can_write = :write, can_manage = :manage"
)
_DELETE = "DELETE FROM sync_permissions WHERE object_sid = :sid AND identity = :identity"
_EMPTY = (
    "DELETE FROM sync_permissions WHERE object_sid = :sid AND identity IN "
    "(SELECT identity FROM sync_permissions WHERE object_sid = :sid LIMIT :limit)"
)


def require_read(tx: Tx, actor: Actor, root: Root) -> None:
    """Raise 403/54007 unless the actor may see `root`."""
    if actor.readable is not None:
        if root.sid not in actor.readable(tx, actor, [root]):
            raise unreadable(tx, actor, root)
    elif _is_bound(actor, root) and not _granted(tx, actor, root).read:
        raise unreadable(tx, actor, root)


def require_write(tx: Tx, actor: Actor, root: Root) -> None:
    """Raise 403/54007 unless the actor may change `root` or its items."""
    if _is_bound(actor, root) and not _granted(tx, actor, root).write:
        raise _missing(tx, actor, root, "write")


def require_manage(tx: Tx, actor: Actor, root: Root) -> None:
    """Raise 403/54007 unless the actor may remove `root`."""
    if _is_bound(actor, root) and not _granted(tx, actor, root).manage:
        raise _missing(tx, actor, root, "manage")


def unreadable(tx: Tx, actor: Actor, root: Root) -> ApiError:
    """The 403/54007 for an object that the actor may not see."""
    if actor.readable is not None:
        return refusals.forbidden(f"{root.sid} is of a conversation in which {actor.identity[:64]} is not")
    return _missing(tx, actor, root, "read")


def _missing(tx: Tx, actor: Actor, root: Root, right: Right) -> ApiError:
    """The 403/54007 for a right that is not granted; operators learn what adds it to those that are."""
    granted = _granted(tx, actor, root)
    rights = [f"--{name}" for name in RIGHTS if name == right or getattr(granted, name)]
    where = ["--service", actor.service_sid, "--account", actor.account_sid]
    command = shlex.join(["tsock", "permission", "set", root.sid, actor.identity, *rights, *where])
    who = actor.identity[:64]
    return refusals.forbidden(f"{who} has no {right} permission on {root.sid}", f"Grant it with `{command}`")


def readable(tx: Tx, actor: Actor, roots: Sequence[Root]) -> set[str]:
    """Which of 1 to 1000 objects the actor may see, with at most one statement; their SIDs."""
    if actor.readable is not None:
        return actor.readable(tx, actor, roots)
    sids = [root.sid for root in roots]
    if not actor.acl_enabled:
        return set(sids)
    names = tables.numbered(sids)
    rows = tx.all(
        f"SELECT object_sid FROM sync_permissions WHERE object_sid IN ({tables.placeholders(names)}) "
        "AND identity = :identity AND can_read = 1",
        {**names, "identity": actor.identity},
    )
    return {sid for sid in sids if sid.startswith(STREAM.prefix)}.union(row[0] for row in rows)


def grant_creator(tx: Tx, actor: Actor, root: Root) -> None:
    """Give the creator of a fresh root every permission on it, where permissions bind it."""
    if _is_bound(actor, root):
        _put(tx, Permission(root.sid, actor.identity, read=True, write=True, manage=True))


def fetch(tx: Tx, root: Root, identity: str) -> Permission:
    """What was set for an identity.

    Raises:
        ApiError: 54354, nothing was.
    """
    found = _get(tx, root.sid, identity)
    if found is None:
        raise refusals.permission_not_found(root.sid, identity)
    return found


def page(tx: Tx, root: Root, place: Cursor, size: int) -> tuple[list[Permission], Slice]:
    """What was set, a page of it by identity, and what lies beside that."""
    rows = slice_at(tx, _BY_IDENTITY, "object_sid = :sid", {"sid": root.sid}, place, size)
    return [_permission(row) for row in rows.rows], rows


def grant(tx: Tx, root: Root, identity: str, *, read: bool, write: bool, manage: bool) -> Permission:
    """Set what an identity may do, over what was set before.

    Raises:
        ApiError: 54351, bad identity.
    """
    if not 1 <= len(identity) <= IDENTITY_CHARS_MAX:
        raise refusals.bad_identity(identity, IDENTITY_CHARS_MAX)
    before = _get(tx, root.sid, identity)
    permission = Permission(root.sid, identity, read=read, write=write, manage=manage)
    _put(tx, permission)
    if before is not None and before.read and not read:
        tx.emit(ReadRevoked(root.service_sid, root.sid, identity))
    return permission


def remove(tx: Tx, root: Root, identity: str) -> None:
    """Take back whatever was set for an identity.

    Raises:
        ApiError: 54354, nothing was.
    """
    before = fetch(tx, root, identity)
    tx.run(_DELETE, {"sid": root.sid, "identity": identity})
    if before.read:
        tx.emit(ReadRevoked(root.service_sid, root.sid, identity))


def empty(tx: Tx, sid: str, limit: int) -> int:
    """Delete up to `limit` permissions of a removed object; how many it were."""
    return tx.count(_EMPTY, {"sid": sid, "limit": limit})


def _is_bound(actor: Actor, root: Root) -> bool:
    return actor.acl_enabled and root.kind is not STREAM


def _granted(tx: Tx, actor: Actor, root: Root) -> Permission:
    found = _get(tx, root.sid, actor.identity)
    return found or Permission(root.sid, actor.identity, read=False, write=False, manage=False)


def _get(tx: Tx, sid: str, identity: str) -> Permission | None:
    row = tx.one(_GET, {"sid": sid, "identity": identity})
    return None if row is None else _permission(row)


def _permission(row: Row) -> Permission:
    identity, sid, read, write, manage = row
    return Permission(sid, identity, read=bool(read), write=bool(write), manage=bool(manage))


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
