"""Roles: what users may do in a service, and participants in a conversation."""

import functools
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from tsock.accounts.records import Service
from tsock.accounts.tables import find as find_record
from tsock.conversations import refusals
from tsock.conversations.services import ChatOptions, options_of
from tsock.errors import ApiError, not_found
from tsock.events import RoleLost
from tsock.ids import is_sid
from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Row, Tx
from tsock.storage.texts import refuse_nul
from tsock.sync.tables import Get

NAME_CHARS_MAX = 64

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

    @property
    def names(self) -> list[str]:
        """Its permissions, in the order in which they were given."""
        return msgspec.json.decode(self.permissions, type=list[str])

    def grants(self, permission: str) -> bool:
        """Whether it holds a permission."""
        return permission in _names(self.permissions)

    @property
    def administers(self) -> bool:
        """Whether it is a service role that shows every conversation of the service."""
        return self.type == "service" and self.grants("addParticipant")

    def __str__(self) -> str:
        return f"the {self.type} role {self.friendly_name!r} ({self.sid})"


_COLUMNS = ", ".join(Role.__struct_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM chat_roles"
_GET = f"{_SELECT} WHERE sid = :sid"
_GET_BUILT_IN = f"{_SELECT} WHERE service_sid = :service_sid AND built_in = :built_in"
_ORDER = ("created_ms", "sid")
_LISTING = Listing(f"SELECT {', '.join(_ORDER)}, {_COLUMNS} FROM chat_roles", _ORDER)
_SAVE = "UPDATE chat_roles SET permissions = :permissions, updated_ms = :updated_ms WHERE sid = :sid"
_DELETE = "DELETE FROM chat_roles WHERE sid = :sid"
_INSERT = (
    f"INSERT INTO chat_roles ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in Role.__struct_fields__)})"
)


def get(tx: Tx, service_sid: str, sid: str) -> Role | None:
    """The role of a service with this SID."""
    return _get(tx.one, service_sid, sid)


def find(tx: Tx, service_sid: str, sid: str, kind: RoleType, code: int) -> Role:
    """The role of this type.

    Raises:
        ApiError: 404 with `code`, there is none.
    """
    return _of_type(get(tx, service_sid, sid), sid, kind, code)


def claim(tx: Tx, service_sid: str, sid: str, kind: RoleType, code: int) -> Role:
    """The same, and nobody deletes it meanwhile.

    Raises:
        ApiError: as `find`.
    """
    return _of_type(_get(tx.claim, service_sid, sid), sid, kind, code)


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


def page(tx: Tx, service_sid: str, place: Cursor, size: int) -> tuple[list[Role], Slice]:
    """A page of a service's roles, the oldest first, and what lies beside it."""
    rows = slice_at(tx, _LISTING, "service_sid = :service_sid", {"service_sid": service_sid}, place, size)
    return [Role(*row[len(_ORDER) :]) for row in rows.rows], rows


def create(
    tx: Tx, service_sid: str, friendly_name: str | None, kind: str | None, permissions: Sequence[str]
) -> Role:
    """A new role.

    Raises:
        ApiError: 50000 no name; 50003 it is too long; 20422 it has U+0000; 50105 no such type; 50104 no such
            permission.
    """
    if not friendly_name:
        raise ApiError(400, 50000, "FriendlyName not provided: expected the name of the role")
    if len(friendly_name) > NAME_CHARS_MAX:
        raise refusals.name_too_long(50003, "Friendly name", len(friendly_name), NAME_CHARS_MAX)
    refuse_nul(friendly_name, "a friendly name")
    if kind not in ("service", "conversation"):
        raise ApiError(
            400,
            50105,
            "Invalid role type: expected conversation or service, which chat/v2 calls channel and deployment",
        )
    role = Role(
        sid=tx.sid("RL"),
        service_sid=service_sid,
        built_in=None,
        friendly_name=friendly_name,
        type=kind,
        permissions=_checked(permissions, kind),
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )
    tx.run(_INSERT, msgspec.structs.asdict(role))
    return role


def update(tx: Tx, service_sid: str, sid: str, permissions: Sequence[str]) -> Role:
    """Give a role these permissions in place of those that it has.

    Raises:
        ApiError: 20404; 50104 no such permission.
    """
    role = _claimed(tx, service_sid, sid)
    administered = role.administers
    role.permissions, role.updated_ms = _checked(permissions, role.type), tx.date_ms
    tx.run(_SAVE, msgspec.structs.asdict(role))
    if administered and not role.administers:
        tx.emit(RoleLost(service_sid, None))
    return role


def delete(tx: Tx, service_sid: str, sid: str) -> None:
    """Remove a role; those who hold it may do no more than others then.

    Raises:
        ApiError: 20404; 20409, newcomers get it, or the service began with it.
    """
    role = _claimed(tx, service_sid, sid)
    service = find_record(tx, Service, service_sid)  # who makes a role a default has claimed it
    options = ChatOptions() if service is None else options_of(service)
    if role.built_in is not None:
        raise ApiError(409, 20409, f"Conflict: a service keeps the four roles it begins with, as {role}")
    if sid in (options.service_role_sid, options.creator_role_sid, options.conversation_role_sid):
        raise ApiError(
            409, 20409, f"Conflict: {role} is a default of the service; give its Configuration another first"
        )
    tx.run(_DELETE, {"sid": sid})
    if role.administers:
        tx.emit(RoleLost(service_sid, None))


def named(tx: Tx, service_sid: str, sid: str) -> Role:
    """The role that a path names, of either type.

    Raises:
        ApiError: 404/20404, there is none.
    """
    return _named(get(tx, service_sid, sid), sid)


def of_new_user(tx: Tx, service_sid: str, options: ChatOptions) -> str:
    """SID of the role that a user begins with."""
    return options.service_role_sid or built_in(tx, service_sid, "service user").sid


def of_newcomer(tx: Tx, service_sid: str, options: ChatOptions, *, is_creator: bool) -> str:
    """SID of the role that a participant begins with."""
    chosen = options.creator_role_sid if is_creator else options.conversation_role_sid
    return chosen or built_in(tx, service_sid, "channel admin" if is_creator else "channel user").sid


def _checked(permissions: Sequence[str], kind: RoleType) -> str:
    known = PERMISSIONS[kind]
    unknown = [name for name in permissions if name not in known]
    if unknown or not permissions:
        what = f"a {kind} role has none named {unknown[0][:64]!r}" if unknown else "a role has at least one"
        everything = "service admin" if kind == "service" else "channel admin"
        raise ApiError(400, 50104, f"Permission not found: {what}; the role {everything!r} has all there are")
    return written(dict.fromkeys(permissions))


def _get(get: Get, service_sid: str, sid: str) -> Role | None:
    row = get(_GET, {"sid": sid}) if is_sid(sid, "RL") else None
    role = None if row is None else _role(row)
    return role if role is not None and role.service_sid == service_sid else None


def _claimed(tx: Tx, service_sid: str, sid: str) -> Role:
    return _named(_get(tx.claim, service_sid, sid), sid)


def _named(role: Role | None, sid: str) -> Role:
    if role is None:
        raise not_found(f"no role {sid[:64]}")
    return role


def _of_type(role: Role | None, sid: str, kind: RoleType, code: int) -> Role:
    if role is None or role.type != kind:
        raise refusals.role_not_found(code, sid)
    return role


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
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
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
