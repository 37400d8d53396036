"""Whether the roles of a caller grant what it asks for: its service role, or its role in the conversation.

Over REST no role is asked.
"""

from collections.abc import Iterator

from tsock.conversations import refusals, roles, tables
from tsock.conversations.actor import ChatActor
from tsock.conversations.roles import Role
from tsock.storage.store import Tx


def require(
    tx: Tx, actor: ChatActor, permission: str, role_sid: str | None = None, *, instead: str | None = None
) -> None:
    """Refuse a caller neither of whose roles grants a permission, or the one that would do `instead`.

    Args:
        tx: the transaction.
        actor: who asks.
        permission: what is needed, and named where it is missing.
        role_sid: the caller's role in the conversation that it is about.
        instead: a permission that includes it, such as that for messages of everybody.

    Raises:
        ApiError: 50107.
    """
    if not actor.is_bound:
        return
    asked: list[Role] = []
    for role in _roles(tx, actor, role_sid):
        if role.grants(permission) or (instead is not None and role.grants(instead)):
            return
        asked.append(role)
    raise refusals.unauthorized(permission, [str(role) for role in asked])


def _roles(tx: Tx, actor: ChatActor, role_sid: str | None) -> Iterator[Role]:
    """The role in the conversation first: it mostly decides, and then the other one is not even read."""
    role = None if role_sid is None else roles.get(tx, actor.service_sid, role_sid)
    if role is not None:
        yield role
    user = tables.user(tx, actor.service_sid, actor.identity)
    role = None if user is None else roles.get(tx, actor.service_sid, user.role_sid)
    if role is not None:
        yield role
