"""Who may read which of the Sync objects that conversations and users stand on.

A conversation's document is for its participants, the invited, its creator and administrative users; its
messages and its roster for participants; a user's conversations for that user; its info for everybody in the
service.
"""

from collections.abc import Sequence

from tsock.conversations import invite_tables, objects, roles, tables
from tsock.conversations.tables import Conversation
from tsock.events import ReadGranted, ReadRevoked
from tsock.storage.store import Tx
from tsock.sync.actor import SYSTEM, Actor
from tsock.sync.kinds import MAP
from tsock.sync.models import Root
from tsock.sync.tables import by_sids


def readable(tx: Tx, actor: Actor, found: Sequence[Root]) -> set[str]:
    """Which of 1 to 1000 objects of a chat service an identity may read, by SID."""
    return _readable(tx, actor.service_sid, actor.identity, found)


def withdraw(tx: Tx, row: Conversation, identity: str) -> None:
    """Tell what of a conversation an identity may not read any longer."""
    parts = by_sids(tx, row.parts)
    still = _readable(tx, row.service_sid, identity, parts)
    for sid in row.parts:
        if sid not in still:
            tx.emit(ReadRevoked(row.service_sid, sid, identity))


def grant(tx: Tx, row: Conversation, identity: str) -> None:
    """Tell what of a conversation an identity may read."""
    for sid in _readable(tx, row.service_sid, identity, by_sids(tx, row.parts)):
        tx.emit(ReadGranted(row.service_sid, sid, identity))


def is_own_list(root: Root) -> bool:
    """Whether an object is the map of a user's own conversations."""
    return (root.unique_name or "").endswith(f".{objects.CHANNELS}") and root.sid.startswith(MAP.prefix)


def created(document: Root, identity: str) -> bool:
    """Whether an identity created the conversation of a document."""
    return document.created_by == identity != SYSTEM


def administers(tx: Tx, service_sid: str, identity: str) -> bool:
    """Whether the service role of an identity makes it an administrative user."""
    user = tables.user(tx, service_sid, identity)
    role = None if user is None or user.deleted_ms else roles.get(tx, service_sid, user.role_sid)
    return role is not None and role.administers


def _owner(root: Root) -> str:
    """SID of the conversation or user that an object is a part of."""
    return (root.unique_name or "").partition(".")[0]


def _readable(tx: Tx, service_sid: str, identity: str, found: Sequence[Root]) -> set[str]:
    allowed: set[str] = set()
    parts: list[tuple[Root, str, str]] = []
    for root in found:
        owner_sid, _, part = (root.unique_name or "").partition(".")
        if part == objects.INFO or (part == objects.CHANNELS and root.created_by == identity):
            allowed.add(root.sid)
        elif part in (objects.CHANNEL, objects.MESSAGES, objects.ROSTER):
            parts.append((root, owner_sid, part))
    attended = tables.attended(tx, identity, sorted({owner_sid for _, owner_sid, _ in parts}))
    beyond: list[Root] = []
    for root, owner_sid, part in parts:
        if owner_sid in attended or (part == objects.CHANNEL and created(root, identity)):
            allowed.add(root.sid)
        elif part == objects.CHANNEL:
            beyond.append(root)
    if beyond:
        invited = invite_tables.among(tx, identity, sorted({_owner(root) for root in beyond}))
        allowed.update(root.sid for root in beyond if _owner(root) in invited)
    if beyond and administers(tx, service_sid, identity):
        allowed.update(root.sid for root in beyond)
    return allowed
