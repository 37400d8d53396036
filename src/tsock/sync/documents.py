"""Documents: one JSON object each, without history (`protocol/sync.md`, Counters and Conditional writes)."""

from tsock.events import Origin
from tsock.storage.store import Tx
from tsock.sync import announce, permissions, refusals, roots, tables, webhooks
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.kinds import DOCUMENT
from tsock.sync.models import Root, expiry_ms, next_date_ms


def update(
    tx: Tx,
    actor: Actor,
    sid_or_name: str,
    *,
    data: Json | None = None,
    ttl: int | None = None,
    if_match: str | None = None,
) -> Root:
    """Replace the data, the time to live, or both; each call counts as one change.

    Raises:
        ApiError: 54010 neither given; absent; 54007 not writable; 54103 another revision than `if_match`.
    """
    if data is None and ttl is None:
        raise refusals.nothing_to_change()
    # Only a change of the time to live needs the old data, for its event.
    root = roots.claim(tx, actor, DOCUMENT, sid_or_name, with_data=data is None)
    permissions.require_write(tx, actor, root)
    if if_match is not None and if_match != root.revision:
        raise refusals.mismatch(DOCUMENT, root.revision, if_match)
    if data is not None:
        root.data = data
    if ttl is not None:
        root.date_expires_ms = expiry_ms(tx.now_ms, ttl)
    save(tx, root, origin=actor.connection)
    webhooks.of_root(tx, actor, "updated", root)
    return root


def save(tx: Tx, root: Root, *, origin: Origin | None) -> None:
    """Count a change of a claimed document, store it and announce it; `root` carries its data."""
    root.last_event_id += 1
    root.date_updated_ms = next_date_ms(root, tx.date_ms)
    tables.save_document(tx, root)
    tx.emit(announce.document_updated(root, origin))
