"""Bindings: the devices on which users are notified (`protocol/conversations.md`, Push).

A device is known by its type and by what the push service calls it. Whoever registered it last has it.
"""

from collections.abc import Sequence
from typing import Literal, cast, get_args

import msgspec

from tsock.conversations import objects, reachability, tables, users
from tsock.conversations.actor import ChatActor, ChatLimits
from tsock.errors import ApiError, invalid, not_found
from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Row, Tx
from tsock.storage.texts import NUL, refuse_nul
from tsock.sync.tables import numbered, placeholders

BindingType = Literal["apn", "fcm", "gcm"]
TYPES: tuple[BindingType, ...] = get_args(BindingType)


class Binding(msgspec.Struct, gc=False):
    """One device; fields in the order of the table's columns."""

    sid: str
    service_sid: str
    identity: str
    type: BindingType
    endpoint: str
    message_types: str
    """A JSON array of what it is to be notified of."""
    credential_sid: str | None
    created_ms: int
    updated_ms: int

    def __repr__(self) -> str:
        return f"Binding({self.sid}, {self.type})"

    @property
    def names(self) -> list[str]:
        """The message types."""
        return msgspec.json.decode(self.message_types, type=list[str])


class NewBinding(msgspec.Struct, frozen=True, kw_only=True):
    """What a client registers."""

    type: str
    endpoint: str
    message_types: Sequence[str] = ()
    credential_sid: str | None = None

    def __repr__(self) -> str:
        return f"NewBinding({self.type})"


COLUMNS = ", ".join(Binding.__struct_fields__)
_SELECT = f"SELECT {COLUMNS} FROM chat_bindings"
_GET = f"{_SELECT} WHERE sid = :sid AND service_sid = :service_sid"
_BY_ENDPOINT = f"{_SELECT} WHERE service_sid = :service_sid AND type = :type AND endpoint = :endpoint"
_INSERT = (
    f"INSERT INTO chat_bindings ({COLUMNS}) "
    f"VALUES ({', '.join(f':{name}' for name in Binding.__struct_fields__)})"
)
_SAVE = (
    "UPDATE chat_bindings SET message_types = :message_types, credential_sid = :credential_sid, "
    "updated_ms = :updated_ms WHERE sid = :sid"
)
_DELETE = "DELETE FROM chat_bindings WHERE sid = :sid"
_DELETE_OF_USER = "DELETE FROM chat_bindings WHERE service_sid = :service_sid AND identity = :identity"
_BEYOND = (
    "DELETE FROM chat_bindings WHERE sid IN (SELECT sid FROM chat_bindings "
    "WHERE service_sid = :service_sid AND identity = :identity AND sid <> :kept "
    "ORDER BY updated_ms DESC, sid LIMIT 1000 OFFSET :others)"
)
_LISTING = Listing(
    f"SELECT created_ms, sid, {COLUMNS} FROM chat_bindings", ("created_ms", "sid"), descending=True
)


def register(tx: Tx, actor: ChatActor, new: NewBinding) -> Binding:
    """Notify the caller on a device from now on, and nobody else.

    Of too many devices the one that was registered longest ago is forgotten.

    Raises:
        ApiError: 50209 no such type; 20422 bad endpoint or message types.
    """
    _check(actor.limits, new)
    user = users.ensure(tx, actor, actor.identity)
    known = _at(tx, actor, new.type, new.endpoint)
    types = msgspec.json.encode(list(dict.fromkeys(new.message_types))).decode()
    if known is not None and known.identity == actor.identity:
        known.message_types, known.credential_sid, known.updated_ms = types, new.credential_sid, tx.date_ms
        tx.run(_SAVE, msgspec.structs.asdict(known))
        return known
    before = None if known is None else tables.user(tx, actor.service_sid, known.identity)
    # Who has which devices is told in these: so both are counted and told of by one rule at a time.
    objects.claim(tx, user.info_sid, *([] if before is None else [before.info_sid]))
    users.ensure(tx, actor, actor.identity)  # it may have been deleted meanwhile, with its devices
    if known is not None:
        tx.run(_DELETE, {"sid": known.sid})
    made = Binding(
        sid=tx.sid("BS"),
        service_sid=actor.service_sid,
        identity=actor.identity,
        type=cast("BindingType", new.type),
        endpoint=new.endpoint,
        message_types=types,
        credential_sid=new.credential_sid,
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )
    tx.run(_INSERT, msgspec.structs.asdict(made))
    named = {"service_sid": actor.service_sid, "identity": actor.identity, "kept": made.sid}
    tx.run(_BEYOND, {**named, "others": actor.limits.bindings_per_user_max - 1})
    reachability.tell(tx, actor, {actor.identity} if known is None else {actor.identity, known.identity})
    return made


def unregister(tx: Tx, actor: ChatActor, sid: str) -> None:
    """Notify the caller no more on the device of a binding; no matter if it is another's, or none."""
    known = _get(tx, actor, sid)
    if known is not None and known.identity == actor.identity:
        _remove(tx, actor, known)


def unregister_endpoint(tx: Tx, actor: ChatActor, kind: str, endpoint: str) -> None:
    """The same, by what a device is known by."""
    known = _at(tx, actor, kind, endpoint)
    if known is not None and known.identity == actor.identity:
        _remove(tx, actor, known)


def find(tx: Tx, actor: ChatActor, sid: str) -> Binding:
    """The binding of the service with this SID, over REST.

    Raises:
        ApiError: 20404.
    """
    found = _get(tx, actor, sid)
    if found is None:
        raise not_found(f"no binding {sid[:64]} in the service")
    return found


def remove(tx: Tx, actor: ChatActor, sid: str) -> None:
    """Forget a binding, over REST.

    Raises:
        ApiError: 20404.
    """
    _remove(tx, actor, find(tx, actor, sid))


def remove_all(tx: Tx, actor: ChatActor, identity: str) -> None:
    """Forget the devices of a user who is deleted."""
    tx.run(_DELETE_OF_USER, {"service_sid": actor.service_sid, "identity": identity})
    reachability.tell(tx, actor, {identity})


def page(
    tx: Tx, actor: ChatActor, types: Sequence[str], identities: Sequence[str], place: Cursor, size: int
) -> tuple[list[Binding], Slice]:
    """A page of a service's bindings, the newest first; of some types or identities, where any are named."""
    where, params = "service_sid = :service_sid", {"service_sid": actor.service_sid}
    for column, values in (("type", types), ("identity", identities)):
        if values:
            names = {f"{column}_{name}": value for name, value in numbered(values).items()}
            where += f" AND {column} IN ({placeholders(names)})"
            params |= names
    rows = slice_at(tx, _LISTING, where, params, place, size)
    return [of_row(row[2:]) for row in rows.rows], rows


def of_row(row: Row) -> Binding:
    """The binding in a row with the columns of the table."""
    return Binding(*row)


def check_type(kind: str) -> None:
    """Refuse what is no type of a binding.

    Raises:
        ApiError: 50209.
    """
    if kind not in TYPES:
        raise ApiError(
            400, 50209, f"Invalid binding type: expected one of {', '.join(TYPES)}, not {kind!r:.64}"
        )


def _check(limits: ChatLimits, new: NewBinding) -> None:
    check_type(new.type)
    size, size_max = len(new.endpoint), limits.registration_id_chars_max
    if not 1 <= size <= size_max:
        raise invalid(
            f"the registration id of a device has 1 to {size_max} characters "
            f"(chat_registration_id_chars_max), this {size}"
        )
    refuse_nul(new.endpoint, "the registration id of a device")
    count, longest = len(new.message_types), max(map(len, new.message_types), default=0)
    if count > limits.binding_message_types_max or longest > limits.message_type_chars_max:
        raise invalid(
            f"expected at most {limits.binding_message_types_max} message types of at most "
            f"{limits.message_type_chars_max} characters each (chat_binding_message_types_max, "
            f"chat_message_type_chars_max), not {count} of up to {longest}"
        )


def _get(tx: Tx, actor: ChatActor, sid: str) -> Binding | None:
    row = tx.one(_GET, {"sid": sid, "service_sid": actor.service_sid})
    return None if row is None else of_row(row)


def _at(tx: Tx, actor: ChatActor, kind: str, endpoint: str) -> Binding | None:
    if kind not in TYPES or NUL in endpoint:  # which are not stored, and not to be asked for
        return None
    asked = {"service_sid": actor.service_sid, "type": kind, "endpoint": endpoint}
    row = tx.one(_BY_ENDPOINT, asked)
    return None if row is None else of_row(row)


def _remove(tx: Tx, actor: ChatActor, known: Binding) -> None:
    tx.run(_DELETE, {"sid": known.sid})
    reachability.tell(tx, actor, {known.identity})
