"""What documents, lists, maps and streams have in common: create, find, time to live, remove."""

from tsock.events import Origin
from tsock.ids import canonical_sid, is_sid
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.storage.texts import NUL
from tsock.sync import announce, permissions, refusals, tables, webhooks
from tsock.sync.actor import Actor
from tsock.sync.data import EMPTY, Json
from tsock.sync.kinds import DOCUMENT, LIST, STREAM, Kind
from tsock.sync.models import Root, expiry_ms, is_live, next_date_ms


def create(
    tx: Tx,
    actor: Actor,
    kind: Kind,
    *,
    unique_name: str | None = None,
    data: Json | None = None,
    ttl: int | None = None,
) -> Root:
    """Make a root; `data` is a document's data or a list's context and empty when not given.

    Raises:
        ApiError: 54302 bad unique name; 54301 a root of this kind has it.
    """
    if unique_name is not None:
        _check_unique_name(unique_name, actor.limits.unique_name_chars_max)
        _free_name(tx, actor, kind, unique_name)
    root = Root(
        sid=tx.sid(kind.prefix),
        service_sid=actor.service_sid,
        unique_name=unique_name,
        last_event_id=kind.first_event_id,
        next_index=0,
        item_count=0,
        context_event_id=-1,
        created_by=actor.identity,
        date_created_ms=tx.date_ms,
        date_updated_ms=tx.date_ms,
        date_expires_ms=expiry_ms(tx.now_ms, ttl or 0),
        data=(data or EMPTY) if kind in (DOCUMENT, LIST) else None,
    )
    tables.insert(tx, root)
    permissions.grant_creator(tx, actor, root)
    webhooks.of_root(tx, actor, "created", root)
    return root


def fetch(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str) -> Root:
    """Read a root, with the data of a document.

    Raises:
        ApiError: 54300 or the kind's code when absent; 54007 not readable.
    """
    root = find(tx, actor, kind, sid_or_name, with_data=kind is DOCUMENT)
    permissions.require_read(tx, actor, root)
    return root


def page(tx: Tx, actor: Actor, kind: Kind, place: Cursor, size: int) -> tuple[list[Root], Slice]:
    """A page of the service's roots, the oldest first, and what lies beside it; for callers without ACL."""
    return tables.page(tx, actor.service_sid, kind, place, size)


def set_ttl(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str, ttl: int | None) -> Root:
    """Change when a list, map or stream ends. No event tells of it.

    Raises:
        ApiError: 54010 no ttl; absent; 54007 not writable.
    """
    if ttl is None:
        raise refusals.nothing_to_change()
    root = claim(tx, actor, kind, sid_or_name)
    permissions.require_write(tx, actor, root)
    root.date_expires_ms = expiry_ms(tx.now_ms, ttl)
    tables.save_expiry(tx, root)
    return root


def remove(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str) -> Root:
    """Remove a root: its name is free and its items are gone at once; their rows go later, in chunks.

    Raises:
        ApiError: absent; 54007 not manageable.
    """
    root = claim(tx, actor, kind, sid_or_name)
    permissions.require_manage(tx, actor, root)
    retire(tx, root, origin=actor.connection)
    webhooks.of_root(tx, actor, "removed", root)
    return root


def find(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str, *, with_data: bool = False) -> Root:
    """The root a path names, for a query, without a look at permissions.

    Raises:
        ApiError: 54300 or the kind's code when it is absent, expired or of another service.
    """
    root = _live(tx, tx.one, actor, kind, sid_or_name, with_data=with_data)
    tx.saw(root.sid, root.last_event_id)
    return root


def claim(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str, *, with_data: bool = False) -> Root:
    """The same for a rule that changes it, its items or its permissions: nobody else does meanwhile.

    Raises:
        ApiError: as `find`.
    """
    return _live(tx, tx.claim, actor, kind, sid_or_name, with_data=with_data)


def retire(tx: Tx, root: Root, *, origin: Origin | None) -> None:
    """End a root, by request or by expiry (then `origin` is None)."""
    root.last_event_id += 1
    root.date_updated_ms = next_date_ms(root, tx.date_ms)
    tables.delete(tx, root, leaves=root.kind is not STREAM)
    tx.emit(announce.root_removed(root, origin))


def _live(tx: Tx, get: tables.Get, actor: Actor, kind: Kind, sid_or_name: str, *, with_data: bool) -> Root:
    if is_sid(sid_or_name):
        root = tables.by_sid(get, sid_or_name, with_data=with_data)
        if root is not None and (root.service_sid != actor.service_sid or root.kind is not kind):
            root = None
    else:
        root = tables.by_name(get, actor.service_sid, kind, sid_or_name, with_data=with_data)
    if root is None or not is_live(root, tx.now_ms):
        raise refusals.not_found(kind, sid_or_name)
    return root


def _check_unique_name(name: str, chars_max: int) -> None:
    if not 1 <= len(name) <= chars_max or NUL in name or is_sid(canonical_sid(name)):
        raise refusals.bad_unique_name(name, chars_max)


def _free_name(tx: Tx, actor: Actor, kind: Kind, name: str) -> None:
    """Make sure nothing holds `name`; what has expired but is not swept yet goes now."""
    holder = tables.by_name(tx.claim, actor.service_sid, kind, name)
    if holder is None:
        return
    if is_live(holder, tx.now_ms):
        raise refusals.name_taken(kind, name)
    retire(tx, holder, origin=None)
