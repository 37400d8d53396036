"""Header bytes to typed headers.

Unknown members are ignored. A member of a wrong type, or null, counts as absent, so that a packet with an
unusable token, for example, still gets its answer. Malformed is only what cannot be read or answered: not
an object, no `method`, no `id`, a payload size that is none, a repeated key, bad UTF-8.
JSON may escape half a surrogate pair, which no UTF-8 can hold: a member with one is of a wrong type.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from tsock.wire import headers
from tsock.wire.frame import MalformedPacket
from tsock.wire.headers import FromClient, FromServer, Header, Unknown

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]").search
_UNUSABLE = object()
"""Stands for a value of a wrong type."""


def read_from_client(header: bytes) -> FromClient:
    """The header of what a client sent.

    Raises:
        MalformedPacket: see the top of this module.
    """
    return _read(header, _FROM_CLIENT)


def read_from_server(header: bytes) -> FromServer:
    """The header of what a server sent.

    Raises:
        MalformedPacket: see the top of this module.
    """
    return _read(header, _FROM_SERVER)


def _by_method(*kinds: type[Header]) -> dict[str, type[Header]]:
    return {cast(str, kind.__struct_config__.tag): kind for kind in kinds}


_FROM_CLIENT = _by_method(
    headers.Init,
    headers.Update,
    headers.Message,
    headers.PutContext,
    headers.DeleteContext,
    headers.Telemetry,
    headers.Close,
    headers.Ping,
    headers.Ack,
)
_FROM_SERVER = _by_method(
    headers.Reply, headers.Notification, headers.ClientUpdate, headers.Close, headers.Ping
)


def _read(header: bytes, kinds: Mapping[str, type[Header]]) -> Any:
    members = _members(header)
    method = members.get("method")
    if not isinstance(method, str):
        raise MalformedPacket("expected a method in the header")
    kind = kinds.get(method, Unknown)
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError:
        return kind(**_usable(members, kind))


def _members(header: bytes) -> dict[str, Any]:
    try:
        members = _decode(header)
        # Only what repeats no key can come back as the same bytes. Every current SDK writes this compact
        # form, so that the slower look is for others.
        if _encode(members) != header:
            _slowly_decoded(header)
    except (ValueError, RecursionError):
        members = _salvaged(header)
    if not isinstance(members, dict):
        raise MalformedPacket("expected the header to be a JSON object")
    return cast(dict[str, Any], members)


def _salvaged(header: bytes) -> Any:
    """What is left of a header that nothing is wrong with but halves of surrogate pairs."""
    try:
        if _SURROGATE(header):
            return _without_surrogates(_slowly_decoded(header))
    except (ValueError, RecursionError):
        pass
    raise MalformedPacket("expected the header to be JSON in UTF-8")


def _slowly_decoded(header: bytes) -> Any:
    return json.loads(header.decode(), object_pairs_hook=_unrepeated, parse_constant=_no_number)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedPacket("expected no key to occur twice in the header")
    return members


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _without_surrogates(members: Any) -> Any:
    """The members of an object; what UTF-8 cannot hold is left out if a name, unusable if a value."""
    if not isinstance(members, dict):
        return members
    pairs = cast(dict[str, Any], members).items()
    return {name: value if _fits_utf8(value) else _UNUSABLE for name, value in pairs if _fits_utf8(name)}


def _fits_utf8(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _usable(members: dict[str, Any], kind: type[Header]) -> dict[str, Any]:
    """Those fields of `kind` that came in their type."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        value = members.get(field.encode_name)
        if value is None:
            continue
        try:
            fields[field.name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError:
            if field.name == "payload_size":
                raise MalformedPacket("expected payload_size to be a number of bytes") from None
    if "id" not in fields:
        raise MalformedPacket("expected the id in the header to be a string that is not empty")
    return fields
