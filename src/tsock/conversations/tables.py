"""SQL of conversations, participants and users: what finds the Sync objects that they stand on."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from tsock.conversations.models import StateName
from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Row, Tx
from tsock.sync.models import Root
from tsock.sync.tables import Get, numbered, placeholders


class Conversation(msgspec.Struct, gc=False):
    """A row of `chat_conversations`; fields in the order of its columns."""

    sid: str
    service_sid: str
    document_sid: str
    messages_sid: str
    roster_sid: str
    created_ms: int
    unique_name: str | None
    state: StateName
    messaging_service_sid: str | None = None
    inactive_after: str | None = None
    """How long after the last activity it becomes inactive, an ISO 8601 duration."""
    closed_after: str | None = None
    inactive_ms: int | None = None
    """When that is, counted from the last activity."""
    closed_ms: int | None = None
    webhooks: int = 0
    """How many of its own it has."""

    @property
    def parts(self) -> tuple[str, str, str]:
        """The Sync objects that it stands on."""
        return self.document_sid, self.messages_sid, self.roster_sid


class Place(msgspec.Struct, gc=False):
    """A row of `chat_participants`: where somebody takes part."""

    conversation_sid: str
    sid: str
    service_sid: str
    identity: str | None
    address: str | None = None
    proxy_address: str | None = None


class User(msgspec.Struct, gc=False):
    """A row of `chat_users`."""

    service_sid: str
    identity: str
    sid: str
    role_sid: str
    conversations_sid: str
    """The map of its conversations."""
    info_sid: str
    created_ms: int
    updated_ms: int
    deleted_ms: int | None = None


def _columns(kind: type[msgspec.Struct], table: str = "") -> str:
    return ", ".join(f"{table}{name}" for name in kind.__struct_fields__)


def _values(kind: type[msgspec.Struct]) -> str:
    return ", ".join(f":{name}" for name in kind.__struct_fields__)


_BY_CREATION = ("created_ms", "sid")


def _listing(kind: type[msgspec.Struct], table: str, order: tuple[str, ...]) -> Listing:
    """A list of whole rows."""
    return Listing(f"SELECT {', '.join(order)}, {_columns(kind)} FROM {table}", order)


_CONVERSATIONS = _listing(Conversation, "chat_conversations", _BY_CREATION)
_CONVERSATION = f"SELECT {_columns(Conversation)} FROM chat_conversations"
_CONVERSATION_BY_SID = f"{_CONVERSATION} WHERE sid = :sid"
_CONVERSATION_BY_NAME = f"{_CONVERSATION} WHERE service_sid = :service_sid AND unique_name = :name"
_ROOT = Root.__struct_fields__
Part = Literal["messages_sid", "roster_sid"]


def _claim(part: Part, where: str) -> str:
    return (
        f"SELECT {_columns(Root, 'o.')}, {_columns(Conversation, 'c.')} "
        f"FROM chat_conversations c JOIN sync_objects o ON o.sid IN (c.document_sid, c.{part}) "
        f"WHERE {where} ORDER BY o.sid"
    )


_PARTS: tuple[Part, ...] = get_args(Part)
_CLAIM_BY_SID = {part: _claim(part, "c.service_sid = :service_sid AND c.sid = :name") for part in _PARTS}
_CLAIM_BY_NAME = {
    part: _claim(part, "c.service_sid = :service_sid AND c.unique_name = :name") for part in _PARTS
}
_INSERT_CONVERSATION = (
    f"INSERT INTO chat_conversations ({_columns(Conversation)}) VALUES ({_values(Conversation)})"
)
_SAVE_CONVERSATION = (
    "UPDATE chat_conversations SET unique_name = :unique_name, state = :state, created_ms = :created_ms, "
    "messaging_service_sid = :messaging_service_sid, inactive_after = :inactive_after, "
    "closed_after = :closed_after, inactive_ms = :inactive_ms, closed_ms = :closed_ms WHERE sid = :sid"
)
_DELETE_RECEIPTS = "DELETE FROM chat_receipts WHERE conversation_sid = :sid"
_DELETE_CONVERSATION = "DELETE FROM chat_conversations WHERE sid = :sid"

_PLACE = f"SELECT {_columns(Place)} FROM chat_participants"
_PLACE_OF = f"{_PLACE} WHERE conversation_sid = :sid AND identity = :identity"
_SEAT = (
    f"SELECT {_columns(Place, 'p.')}, i.data FROM chat_participants p "
    "JOIN sync_map_items i ON i.object_sid = :roster_sid AND i.item_key = p.sid "
    "WHERE p.conversation_sid = :sid AND p.identity = :identity"
)
_PLACE_BY_SID = f"{_PLACE} WHERE conversation_sid = :sid AND sid = :participant_sid"
_PLACES = f"{_PLACE} WHERE conversation_sid = :sid"
_PLACES_BEHIND = f"{_PLACES} AND sid > :after ORDER BY sid LIMIT :limit"
_INSERT_PLACE = f"INSERT INTO chat_participants ({_columns(Place)}) VALUES ({_values(Place)})"
_DELETE_PLACE = "DELETE FROM chat_participants WHERE conversation_sid = :sid AND sid = :participant_sid"
_DELETE_PLACES = "DELETE FROM chat_participants WHERE conversation_sid = :sid"
_OUTSIDE = (
    "SELECT count(*) FROM (SELECT 1 FROM chat_participants "
    "WHERE conversation_sid = :sid AND identity IS NULL LIMIT :limit) AS outside"
)
_PAIR = (
    "SELECT p.sid FROM chat_participants p JOIN chat_conversations c ON c.sid = p.conversation_sid "
    "WHERE p.service_sid = :service_sid AND p.address = :address AND p.proxy_address = :proxy_address "
    "AND c.state <> 'closed' LIMIT 1"
)
_OPEN_CONVERSATIONS = (
    "SELECT count(*) FROM (SELECT 1 FROM chat_participants p JOIN chat_conversations c "
    "ON c.sid = p.conversation_sid WHERE p.service_sid = :service_sid AND p.identity = :identity "
    "AND c.state <> 'closed' LIMIT :limit) AS counted"
)
_CONVERSATIONS_OF = (
    "SELECT count(*) FROM chat_participants WHERE service_sid = :service_sid AND identity = :identity"
)
_OF_IDENTITY = (
    f"{_PLACE} WHERE service_sid = :service_sid AND identity = :identity AND conversation_sid > :after "
    "ORDER BY conversation_sid LIMIT :limit"
)

_ROSTER = Listing(
    "SELECT m.date_created_ms, p.sid, "
    f"{_columns(Place, 'p.')}, m.data FROM chat_participants p "
    "JOIN sync_map_items m ON m.object_sid = :roster_sid AND m.item_key = p.sid",
    ("m.date_created_ms", "p.sid"),
)
"""Whole rosters are sorted for a page: `participants_max` bounds them."""
_PLACES_BY_SID = _listing(Place, "chat_participants", ("conversation_sid", "sid"))

_USERS = _listing(User, "chat_users", _BY_CREATION)
_USER = f"SELECT {_columns(User)} FROM chat_users"
_USER_BY_IDENTITY = f"{_USER} WHERE service_sid = :service_sid AND identity = :identity"
_USER_BY_SID = f"{_USER} WHERE sid = :sid"
_INSERT_USER = f"INSERT INTO chat_users ({_columns(User)}) VALUES ({_values(User)})"
_SAVE_USER = (
    "UPDATE chat_users SET sid = :sid, role_sid = :role_sid, created_ms = :created_ms, "
    "updated_ms = :updated_ms, deleted_ms = :deleted_ms "
    "WHERE service_sid = :service_sid AND identity = :identity"
)


# Conversations


def by_sid(tx: Tx, sid: str) -> Conversation | None:
    """The conversation with this SID, of whatever service."""
    row = tx.one(_CONVERSATION_BY_SID, {"sid": sid})
    return None if row is None else Conversation(*row)


def conversation(tx: Tx, service_sid: str, sid: str) -> Conversation | None:
    """The conversation of a service with this SID."""
    found = by_sid(tx, sid)
    return found if found is not None and found.service_sid == service_sid else None


def conversation_named(tx: Tx, service_sid: str, name: str) -> Conversation | None:
    """The conversation of a service with this unique name."""
    row = tx.one(_CONVERSATION_BY_NAME, {"service_sid": service_sid, "name": name})
    return None if row is None else Conversation(*row)


def claimed(
    tx: Tx, service_sid: str, name: str, part: Part, *, by_sid: bool
) -> tuple[Conversation, Root, Root] | None:
    """A conversation by its SID or unique name, with its document and another part, all claimed.

    Whoever changes its row claims that: before any object, and never the row alone. Its messages belong to
    what is sent and to its state, its roster to who takes part and to whether others still can.
    """
    asked = {"service_sid": service_sid, "name": name}
    rows = tx.claim_all((_CLAIM_BY_SID if by_sid else _CLAIM_BY_NAME)[part], asked)
    return _whole(rows, part) if rows else None


def claimed_with_rosters(tx: Tx, sids: Sequence[str]) -> list[tuple[Conversation, Root, Root]]:
    """The same of those of up to 1000 conversations that exist, of whatever service, with their rosters."""
    if not sids:
        return []
    names = numbered(sids)
    of_each: dict[str, list[Row]] = {}
    for row in tx.claim_all(_claim("roster_sid", f"c.sid IN ({placeholders(names)})"), names):
        of_each.setdefault(row[len(_ROOT)], []).append(row)
    return [whole for rows in of_each.values() if (whole := _whole(rows, "roster_sid")) is not None]


def page_of_conversations(
    tx: Tx, where: str, asked: Mapping[str, object], place: Cursor, size: int
) -> tuple[list[Conversation], Slice]:
    """A page of those that fulfil `where`, the oldest first, and what lies beside it."""
    rows = slice_at(tx, _CONVERSATIONS, where, asked, place, size)
    return [Conversation(*row[len(_BY_CREATION) :]) for row in rows.rows], rows


def insert_conversation(tx: Tx, row: Conversation) -> None:
    """Store a fresh conversation."""
    tx.run(_INSERT_CONVERSATION, msgspec.structs.asdict(row))


def save_conversation(tx: Tx, row: Conversation) -> None:
    """Store what may change of a conversation."""
    tx.run(_SAVE_CONVERSATION, msgspec.structs.asdict(row))


def delete_conversation(tx: Tx, sid: str) -> None:
    """Forget a conversation, and who took part."""
    tx.run(_DELETE_RECEIPTS, {"sid": sid})
    tx.run(_DELETE_PLACES, {"sid": sid})
    tx.run(_DELETE_CONVERSATION, {"sid": sid})


# Participants


def place_of(tx: Tx, conversation_sid: str, identity: str) -> Place | None:
    """Where an identity takes part in a conversation."""
    row = tx.one(_PLACE_OF, {"sid": conversation_sid, "identity": identity})
    return None if row is None else Place(*row)


def seat(tx: Tx, row: Conversation, identity: str) -> tuple[Place, str] | None:
    """Where an identity takes part in a conversation, and what the roster says of that, as JSON."""
    asked = {"sid": row.sid, "roster_sid": row.roster_sid, "identity": identity}
    found = tx.one(_SEAT, asked)
    return None if found is None else (Place(*found[:-1]), found[-1])


def place(tx: Tx, conversation_sid: str, participant_sid: str) -> Place | None:
    """The place with this SID."""
    row = tx.one(_PLACE_BY_SID, {"sid": conversation_sid, "participant_sid": participant_sid})
    return None if row is None else Place(*row)


def places(tx: Tx, conversation_sid: str) -> list[Place]:
    """All of a conversation, whose number `participants_max` bounds."""
    return _places(tx.all(_PLACES, {"sid": conversation_sid}))


def page_of_roster(
    tx: Tx, row: Conversation, identities: Sequence[str], cursor: Cursor, size: int
) -> tuple[list[tuple[Place, str]], Slice]:
    """A page of a conversation's places, each with the data of its item; the oldest first.

    Of all, or of some identities.
    """
    names = numbered(identities)
    asked = {"sid": row.sid, "roster_sid": row.roster_sid, **names}
    where = "p.conversation_sid = :sid"
    if names:
        where += f" AND p.identity IN ({placeholders(names)})"
    rows = slice_at(tx, _ROSTER, where, asked, cursor, size)
    return [(Place(*found[2:-1]), found[-1]) for found in rows.rows], rows


def page_of_places(
    tx: Tx, where: str, asked: Mapping[str, object], cursor: Cursor, size: int
) -> tuple[list[Place], Slice]:
    """A page of those that fulfil `where`, in the order of SIDs, and what lies beside it."""
    rows = slice_at(tx, _PLACES_BY_SID, where, asked, cursor, size)
    return [Place(*row[2:]) for row in rows.rows], rows


def places_behind(tx: Tx, conversation_sid: str, after: str, limit: int) -> list[Place]:
    """Up to `limit` of a conversation in the order of their SIDs, behind `after`."""
    return _places(tx.all(_PLACES_BEHIND, {"sid": conversation_sid, "after": after, "limit": limit}))


def places_of_identity(tx: Tx, service_sid: str, identity: str, after: str, limit: int) -> list[Place]:
    """Where an identity takes part in a service, in the order of conversation SIDs, behind `after`."""
    asked = {"service_sid": service_sid, "identity": identity, "after": after, "limit": limit}
    return _places(tx.all(_OF_IDENTITY, asked))


def insert_place(tx: Tx, row: Place) -> None:
    """Store a fresh place."""
    tx.run(_INSERT_PLACE, msgspec.structs.asdict(row))


def delete_place(tx: Tx, row: Place) -> None:
    """Forget a place."""
    tx.run(_DELETE_PLACE, {"sid": row.conversation_sid, "participant_sid": row.sid})


def attended(tx: Tx, identity: str, conversation_sids: Sequence[str]) -> set[str]:
    """In which of up to 1000 conversations an identity takes part."""
    if not conversation_sids:
        return set()
    names = numbered(conversation_sids)
    rows = tx.all(
        f"SELECT conversation_sid FROM chat_participants WHERE conversation_sid IN ({placeholders(names)}) "
        "AND identity = :identity",
        {**names, "identity": identity},
    )
    return {row[0] for row in rows}


def outside(tx: Tx, conversation_sid: str, most: int) -> int:
    """How many take part by an address, `most` at most."""
    return _count(tx, _OUTSIDE, sid=conversation_sid, limit=most)


def pair_in_use(tx: Tx, service_sid: str, address: str, proxy_address: str) -> bool:
    """Whether a conversation that is not closed has a participant with these addresses."""
    asked = {"service_sid": service_sid, "address": address, "proxy_address": proxy_address}
    return tx.one(_PAIR, asked) is not None


def open_conversations(tx: Tx, service_sid: str, identity: str, most: int) -> int:
    """In how many conversations that are not closed an identity takes part, `most` at most."""
    return _count(tx, _OPEN_CONVERSATIONS, service_sid=service_sid, identity=identity, limit=most)


def conversations_of(tx: Tx, service_sid: str, identity: str) -> int:
    """In how many conversations of a service an identity takes part."""
    return _count(tx, _CONVERSATIONS_OF, service_sid=service_sid, identity=identity)


# Users


def user(tx: Tx, service_sid: str, identity: str) -> User | None:
    """The row of an identity, which may be a deleted user's."""
    return _user(tx.one, service_sid, identity)


def claimed_user(tx: Tx, service_sid: str, identity: str) -> User | None:
    """The same, claimed: before any object."""
    return _user(tx.claim, service_sid, identity)


def user_by_sid(tx: Tx, service_sid: str, sid: str) -> User | None:
    """The user of a service with this SID, not deleted."""
    row = tx.one(_USER_BY_SID, {"sid": sid})
    found = None if row is None else User(*row)
    return found if found is not None and found.service_sid == service_sid and not found.deleted_ms else None


def page_of_users(tx: Tx, service_sid: str, place: Cursor, size: int) -> tuple[list[User], Slice]:
    """A page of a service's users, the oldest first, and what lies beside it."""
    where = "service_sid = :service_sid AND deleted_ms IS NULL"
    rows = slice_at(tx, _USERS, where, {"service_sid": service_sid}, place, size)
    return [User(*row[len(_BY_CREATION) :]) for row in rows.rows], rows


def insert_user(tx: Tx, row: User) -> None:
    """Store a fresh user."""
    tx.run(_INSERT_USER, msgspec.structs.asdict(row))


def save_user(tx: Tx, row: User) -> None:
    """Store what may change of a user."""
    tx.run(_SAVE_USER, msgspec.structs.asdict(row))


def _user(get: Get, service_sid: str, identity: str) -> User | None:
    row = get(_USER_BY_IDENTITY, {"service_sid": service_sid, "identity": identity})
    return None if row is None else User(*row)


def _whole(rows: Sequence[Row], part: Part) -> tuple[Conversation, Root, Root] | None:
    """What the rows of one conversation say, a row for each object."""
    row = Conversation(*rows[0][len(_ROOT) :])
    roots = {found[0]: Root(*found[: len(_ROOT)]) for found in rows}
    document, other = roots.get(row.document_sid), roots.get(getattr(row, part))
    # Of a service that is being emptied an object may be gone before its row.
    return None if document is None or other is None else (row, document, other)


def _places(rows: Sequence[Row]) -> list[Place]:
    return [Place(*row) for row in rows]


def _count(tx: Tx, sql: str, **asked: object) -> int:
    (row,) = tx.all(sql, asked)
    return row[0]
