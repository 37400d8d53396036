"""Mutations of clients that were carried out, remembered for a while, so that a repeated one is not."""

import msgspec

from tsock.conversations.actor import ChatActor
from tsock.storage.store import Tx

REMEMBERED_MS = 600_000

_FIND = (
    "SELECT resource_url FROM chat_mutations WHERE service_sid = :service_sid AND identity = :identity "
    "AND mutation_id = :mutation_id AND at_ms > :since_ms"
)
_NOTE = (
    "INSERT INTO chat_mutations (service_sid, identity, mutation_id, at_ms, resource_url) "
    "VALUES (:service_sid, :identity, :mutation_id, :now_ms, :url) "
    "ON CONFLICT (service_sid, identity, mutation_id) DO UPDATE SET at_ms = :now_ms, resource_url = :url"
)
_TRIM = (
    "DELETE FROM chat_mutations WHERE (service_sid, identity, mutation_id) IN (SELECT service_sid, identity, "
    "mutation_id FROM chat_mutations WHERE at_ms <= :before_ms ORDER BY at_ms LIMIT :limit)"
)


class Mutation(msgspec.Struct, frozen=True, gc=False):
    """One that was carried out."""

    resource_url: str | None
    """What it made or changed; None after a removal."""


def find(tx: Tx, actor: ChatActor, mutation_id: str) -> Mutation | None:
    """The caller's mutation with this id, if it was carried out lately."""
    row = tx.one(_FIND, _named(actor, mutation_id) | {"since_ms": tx.now_ms - REMEMBERED_MS})
    return None if row is None else Mutation(row[0])


def note(tx: Tx, actor: ChatActor, mutation_id: str, url: str | None) -> None:
    """Remember one; in the transaction that carries it out."""
    tx.run(_NOTE, _named(actor, mutation_id) | {"now_ms": tx.now_ms, "url": url})


def trim(tx: Tx, limit: int) -> bool:
    """Forget up to `limit` old ones; whether there may be more."""
    return tx.count(_TRIM, {"before_ms": tx.now_ms - REMEMBERED_MS, "limit": limit}) == limit


def _named(actor: ChatActor, mutation_id: str) -> dict[str, object]:
    return {"service_sid": actor.service_sid, "identity": actor.identity, "mutation_id": mutation_id}
