"""Roles: what users may do in a service, and participants in a conversation."""

import functools
from collections.abc import Iterable
from typing import Literal

import msgspec

from tsock.conversations import refusals
from tsock.conversations.services import ChatOptions
from tsock.storage.store import Row, Tx

RoleType = Literal["conversation", "service"]
BuiltIn = Literal["service admin", "service user", "channel admin", "channel user"]

SERVICE_PERMISSIONS = (
    "createConversation",
    "joinConversation",
    "addParticipant",
    "removeParticipant",
    "editOwnMessage",
    "editAnyMessage",
    "editOwnMessageAttributes",
    "editAnyMessageAttributes",
    "deleteAnyMessage",
    "editConversationName",
    "editConversationAttributes",
    "deleteConversation",
    "editOwnUserInfo",
    "editAnyUserInfo",
    "readChannelMetadata",
)
"""Those that a service role may hold."""

CONVERSATION_PERMISSIONS = (
    "addParticipant",
    "addNonChatParticipant",
    "removeParticipant",
    "leaveConversation",
    "sendMessage",
    "sendMediaMessage",
    "editOwnMessage",
    "editAnyMessage",
    "editOwnMessageAttributes",
    "editAnyMessageAttributes",
    "deleteOwnMessage",
    "deleteAnyMessage",
    "editConversationName",
    "editConversationAttributes",
    "deleteConversation",
    "editOwnParticipantAttributes",
    "editAnyParticipantAttributes",
    "editNotificationLevel",
    "editOwnUserInfo",
    "editAnyUserInfo",
    "readChannelMetadata",
)
"""Those that a conversation role may hold."""

PERMISSIONS: dict[RoleType, tuple[str, ...]] = {
    "service": SERVICE_PERMISSIONS,
    "conversation": CONVERSATION_PERMISSIONS,
}

_BUILT_IN: dict[BuiltIn, tuple[RoleType, tuple[str, ...]]] = {
    "service admin": ("service", SERVICE_PERMISSIONS),
    "service user": ("service", ("createConversation", "joinConversation", "editOwnUserInfo")),
    "channel admin": ("conversation", CONVERSATION_PERMISSIONS),
    "channel user": (
        "conversation",
        (
            "sendMessage",
            "sendMediaMessage",
            "leaveConversation",
            "editOwnMessage",
            "editOwnMessageAttributes",
            "deleteOwnMessage",
            "editNotificationLevel",
            "editOwnParticipantAttributes",
        ),
    ),
}


class Role(msgspec.Struct, gc=False):
    """A role; fields in the order of the table's columns."""

    sid: str
    service_sid: str
    built_in: str | None
    friendly_name: str
    type: RoleType
    permissions: str
    """A JSON array of names."""
    created_ms: int
    updated_ms: int

    def grants(self, permission: str) -> bool:
        """Whether it holds a permission."""
        return permission in _names(self.permissions)

    def __str__(self) -> str:
        return f"the {self.type} role {self.friendly_name!r} ({self.sid})"


_COLUMNS = ", ".join(Role.__struct_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM chat_roles"
_GET = f"{_SELECT} WHERE sid = :sid"
_GET_BUILT_IN = f"{_SELECT} WHERE service_sid = :service_sid AND built_in = :built_in"
_INSERT = (
    f"INSERT INTO chat_roles ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in Role.__struct_fields__)})"
)


def get(tx: Tx, service_sid: str, sid: str) -> Role | None:
    """The role of a service with this SID."""
    row = tx.one(_GET, {"sid": sid})
    role = None if row is None else _role(row)
    return role if role is not None and role.service_sid == service_sid else None


def find(tx: Tx, service_sid: str, sid: str, kind: RoleType, code: int) -> Role:
    """The role of this type.

    Raises:
        ApiError: 404 with `code`, there is none.
    """
    role = get(tx, service_sid, sid)
    if role is None or role.type != kind:
        raise refusals.role_not_found(code, sid)
    return role


def built_in(tx: Tx, service_sid: str, name: BuiltIn) -> Role:
    """One of the four roles that a service begins with; they are made when one of them is first asked for."""
    found = _built_in(tx, service_sid, name)
    if found is not None:
        return found
    for each in _BUILT_IN:
        _insert(tx, service_sid, each)
    made = _built_in(tx, service_sid, name)
    assert made is not None
    return made


def of_newcomer(tx: Tx, service_sid: str, options: ChatOptions, *, is_creator: bool) -> str:
    """SID of the role that a participant begins with."""
    chosen = options.creator_role_sid if is_creator else options.conversation_role_sid
    return chosen or built_in(tx, service_sid, "channel admin" if is_creator else "channel user").sid


def _built_in(tx: Tx, service_sid: str, name: BuiltIn) -> Role | None:
    row = tx.one(_GET_BUILT_IN, {"service_sid": service_sid, "built_in": name})
    return None if row is None else _role(row)


def _insert(tx: Tx, service_sid: str, name: BuiltIn) -> None:
    kind, permissions = _BUILT_IN[name]
    role = Role(
        sid=tx.sid("RL"),
        service_sid=service_sid,
        built_in=name,
        friendly_name=name,
        type=kind,
        permissions=written(permissions),
        created_ms=tx.now_ms,
        updated_ms=tx.now_ms,
    )
    tx.run(_INSERT, msgspec.structs.asdict(role))


def written(permissions: Iterable[str]) -> str:
    """Permissions as they are stored."""
    return msgspec.json.encode(list(permissions)).decode()


@functools.lru_cache(maxsize=1024)
def _names(permissions: str) -> frozenset[str]:
    return frozenset(msgspec.json.decode(permissions, type=list[str]))


def _role(row: Row) -> Role:
    return Role(*row)
