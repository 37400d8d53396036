"""Mutations of clients that were carried out, remembered for a while, so that a repeated one is not."""

import msgspec

from tsock.conversations.actor import ChatActor
from tsock.storage.store import Tx

REMEMBERED_MS = 600_000

_FIND = (
    "SELECT resource_url, at_ms FROM chat_mutations WHERE service_sid = :service_sid "
    "AND identity = :identity AND mutation_id = :mutation_id"
)
_NOTE = (
    "INSERT INTO chat_mutations (service_sid, identity, mutation_id, at_ms, resource_url) "
    "VALUES (:service_sid, :identity, :mutation_id, :now_ms, :url)"
)
_FORGET = (
    "DELETE FROM chat_mutations WHERE service_sid = :service_sid AND identity = :identity "
    "AND mutation_id = :mutation_id AND at_ms <= :before_ms"
)
_TRIM = (
    "DELETE FROM chat_mutations WHERE (service_sid, identity, mutation_id) IN (SELECT service_sid, identity, "
    "mutation_id FROM chat_mutations WHERE at_ms <= :before_ms ORDER BY at_ms LIMIT :limit) "
    "AND at_ms <= :before_ms"  # again, since one of them may be carried out anew meanwhile
)


class Mutation(msgspec.Struct, frozen=True, gc=False):
    """One that was carried out."""

    resource_url: str | None
    """What it made or changed; None after a removal."""


def find(tx: Tx, actor: ChatActor, mutation_id: str) -> Mutation | None:
    """The caller's mutation with this id, if it was carried out lately; one of long ago is forgotten."""
    named, before_ms = _named(actor, mutation_id), tx.now_ms - REMEMBERED_MS
    row = tx.one(_FIND, named)
    if row is None:
        return None
    url, at_ms = row
    if at_ms > before_ms:
        return Mutation(url)
    tx.run(_FORGET, named | {"before_ms": before_ms})
    return None


def note(tx: Tx, actor: ChatActor, mutation_id: str, url: str | None) -> None:
    """Remember one that `find` did not know; in the transaction that carries it out.

    Of two that carry it out at the same time one fails here, runs again, and finds what the other has done.
    """
    tx.run(_NOTE, _named(actor, mutation_id) | {"now_ms": tx.now_ms, "url": url})


def trim(tx: Tx, limit: int) -> bool:
    """Forget up to `limit` old ones; whether there may be more."""
    return tx.count(_TRIM, {"before_ms": tx.now_ms - REMEMBERED_MS, "limit": limit}) == limit


def _named(actor: ChatActor, mutation_id: str) -> dict[str, object]:
    return {"service_sid": actor.service_sid, "identity": actor.identity, "mutation_id": mutation_id}
