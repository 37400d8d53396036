"""Whether the roles of a caller grant what it asks for: its service role, or its role in the conversation.

Over REST no role is asked.
"""

from collections.abc import Iterator

from tsock.conversations import refusals, roles, tables
from tsock.conversations.actor import ChatActor
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
    asked: list[str] = []
    for sid in _role_sids(tx, actor, role_sid):
        role = roles.get(tx, actor.service_sid, sid)
        if role is not None and (role.grants(permission) or (instead is not None and role.grants(instead))):
            return
        asked.append(f"the role {sid}, which was deleted" if role is None else str(role))
    raise refusals.unauthorized(permission, asked)


def _role_sids(tx: Tx, actor: ChatActor, role_sid: str | None) -> Iterator[str]:
    """The role in the conversation first: it mostly decides, and then the other one is not even read."""
    if role_sid is not None:
        yield role_sid
    user = tables.user(tx, actor.service_sid, actor.identity)
    if user is None or user.deleted_ms is not None:  # it is made anew when it does something
        yield roles.of_new_user(tx, actor.service_sid, actor.options)
    else:
        yield user.role_sid
