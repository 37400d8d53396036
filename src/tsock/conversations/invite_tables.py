"""SQL of invitations."""

from collections.abc import Sequence

import msgspec

from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Tx
from tsock.sync.tables import numbered, placeholders


class Invite(msgspec.Struct, gc=False):
    """A row of `chat_invites`; fields in the order of its columns."""

    conversation_sid: str
    identity: str
    sid: str
    service_sid: str
    role_sid: str
    created_by: str
    created_ms: int


_COLUMNS = ", ".join(Invite.__struct_fields__)
_ORDER = ("created_ms", "sid")
_LISTING = Listing(f"SELECT {', '.join(_ORDER)}, {_COLUMNS} FROM chat_invites", _ORDER)
_SELECT = f"SELECT {_COLUMNS} FROM chat_invites"
_OF_CONVERSATION = f"{_SELECT} WHERE conversation_sid = :sid"
_OF_IDENTITY = f"{_OF_CONVERSATION} AND identity = :identity"
_NAMED = f"{_OF_CONVERSATION} AND (identity = :name OR sid = :name)"
_OF_USER = f"{_SELECT} WHERE service_sid = :service_sid AND identity = :identity"
_COUNT = "SELECT count(*) FROM chat_invites WHERE conversation_sid = :sid"
_INSERT = (
    f"INSERT INTO chat_invites ({_COLUMNS}) "
    f"VALUES ({', '.join(f':{name}' for name in Invite.__struct_fields__)})"
)
_DELETE = "DELETE FROM chat_invites WHERE sid = :sid"
_DELETE_ALL = "DELETE FROM chat_invites WHERE conversation_sid = :sid"


def of_identity(tx: Tx, conversation_sid: str, identity: str) -> Invite | None:
    """Whether an identity is invited to a conversation, and how."""
    row = tx.one(_OF_IDENTITY, {"sid": conversation_sid, "identity": identity})
    return None if row is None else Invite(*row)


def named(tx: Tx, conversation_sid: str, name: str) -> Invite | None:
    """The one with this SID, or of this identity."""
    row = tx.one(_NAMED, {"sid": conversation_sid, "name": name})
    return None if row is None else Invite(*row)


def of_conversation(tx: Tx, conversation_sid: str) -> list[Invite]:
    """All of a conversation, whose number `participants_max` bounds."""
    return [Invite(*row) for row in tx.all(_OF_CONVERSATION, {"sid": conversation_sid})]


def of_user(tx: Tx, service_sid: str, identity: str) -> list[Invite]:
    """All of an identity, whose number `conversations_per_user_max` bounds."""
    return [Invite(*row) for row in tx.all(_OF_USER, {"service_sid": service_sid, "identity": identity})]


def page(
    tx: Tx, conversation_sid: str, identities: Sequence[str], place: Cursor, size: int
) -> tuple[list[Invite], Slice]:
    """A page of a conversation's, the oldest first, and what lies beside it; of all or of some identities."""
    where, names = "conversation_sid = :sid", numbered(identities)
    if names:
        where += f" AND identity IN ({placeholders(names)})"
    rows = slice_at(tx, _LISTING, where, {"sid": conversation_sid, **names}, place, size)
    return [Invite(*row[len(_ORDER) :]) for row in rows.rows], rows


def among(tx: Tx, identity: str, conversation_sids: Sequence[str]) -> set[str]:
    """To which of 1 to 1000 conversations an identity is invited."""
    names = numbered(conversation_sids)
    rows = tx.all(
        f"SELECT conversation_sid FROM chat_invites WHERE conversation_sid IN ({placeholders(names)}) "
        "AND identity = :identity",
        {**names, "identity": identity},
    )
    return {row[0] for row in rows}


def count(tx: Tx, conversation_sid: str) -> int:
    """How many a conversation has."""
    (row,) = tx.all(_COUNT, {"sid": conversation_sid})
    return row[0]


def insert(tx: Tx, invite: Invite) -> None:
    """Store a fresh one."""
    tx.run(_INSERT, msgspec.structs.asdict(invite))


def delete(tx: Tx, invite: Invite) -> None:
    """Forget one."""
    tx.run(_DELETE, {"sid": invite.sid})


def delete_all(tx: Tx, conversation_sid: str) -> None:
    """Forget all of a conversation that ends."""
    tx.run(_DELETE_ALL, {"sid": conversation_sid})
