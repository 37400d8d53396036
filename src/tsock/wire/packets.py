"""The packets a server sends: `reply`, `notification`, `client_update`, `close`, `ping`, and no other.

Members stand in the order of the example in `protocol/twilsock.md`. Every packet has `method`, `id` and
`payload_size`, and `payload_type` whenever there is a payload; nothing is null. Payloads are JSON without a
raw CR or LF, unless said otherwise. Replies and notifications are built from prepared bytes, since a busy
server writes little else.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import count

import msgspec

from tsock.wire.frame import encode
from tsock.wire.headers import OK, BackoffPolicy, InitReply, Status

JSON_TYPE = "application/json"

_json = msgspec.json.Encoder().encode
_OK = _json(OK)
_HTTP_STATUS = {status.value: _json(Status(status.value, status.phrase)) for status in HTTPStatus}
_JSON_REPLY = (
    b'{"method":"reply","id":%b,"payload_type":"application/json","status":'
    + _OK
    + b',"http_status":%b,"http_headers":{"content-type":"application/json"},"payload_size":%d}'
)


def packet_ids() -> Iterator[str]:
    """Ids for what one side sends: `TM` and 32 hex digits, counted."""
    return map("TM{:032x}".format, count(1))


def reply(
    packet_id: str,
    http_status: int,
    payload: bytes = b"",
    content_type: str = JSON_TYPE,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The answer to a `message`: `status` is 200 whatever became of the request.

    `headers` have lower-case names. A payload of another `content_type` is text.
    """
    status = _HTTP_STATUS.get(http_status) or _json(Status(http_status, "Unknown"))
    if payload and not headers and content_type == JSON_TYPE:
        return encode(_JSON_REPLY % (_json(packet_id), status, len(payload)), payload)
    sent = dict(headers or {})
    kind = b""
    if payload:
        sent["content-type"] = content_type
        kind = b',"payload_type":%b' % _json(content_type)
    header = (
        b'{"method":"reply","id":%b%b,"status":%b,"http_status":%b,"http_headers":%b,"payload_size":%d}'
    ) % (
        _json(packet_id),
        kind,
        _OK,
        status,
        _json(sent),
        len(payload),
    )
    return encode(header, payload)


def notification(packet_id: str, message_type: str, payload: bytes) -> bytes:
    """Tells a client what happened; `payload` is not empty."""
    header = (
        b'{"method":"notification","id":%b,"payload_type":"application/json","message_type":%b,'
        b'"notification_ctx_id":"","payload_size":%d}'
    ) % (_json(packet_id), _json(message_type), len(payload))
    return encode(header, payload)


def done(packet_id: str) -> bytes:
    """The reply 200 to anything but `init` and `message`."""
    return _with_status(b"reply", packet_id, OK)


def init_reply(packet_id: str, accepted: InitReply) -> bytes:
    """The reply 200 to an `init`."""
    return encode(
        b'{"method":"reply","id":%b,"payload_size":0,"status":%b,%b'
        % (_json(packet_id), _OK, _json(accepted)[1:])
    )


def refusal(packet_id: str, status: Status, backoff: BackoffPolicy | None = None) -> bytes:
    """The reply to an `init` or `update` that is not granted."""
    return _with_status(b"reply", packet_id, status, backoff)


def close(packet_id: str, status: Status, backoff: BackoffPolicy | None = None) -> bytes:
    """Announces the end of the connection; `backoff` is heeded with 308 only."""
    return _with_status(b"close", packet_id, status, backoff)


def ping(packet_id: str) -> bytes:
    """Asks for an acknowledgement."""
    return encode(b'{"method":"ping","id":%b,"payload_size":0}' % _json(packet_id))


def client_update(packet_id: str, update_type: str, message: str) -> bytes:
    """Advice to a client that offered the capability of this name."""
    return encode(
        b'{"method":"client_update","id":%b,"payload_size":0,"client_update_type":%b,"client_update_message":%b}'
        % (_json(packet_id), _json(update_type), _json(message))
    )


def _with_status(
    method: bytes, packet_id: str, status: Status, backoff: BackoffPolicy | None = None
) -> bytes:
    payload = _json({"backoff_policy": backoff}) if backoff else b""
    kind = b'"payload_type":"application/json",' if payload else b""
    header = b'{"method":"%b","id":%b,%b"payload_size":%d,"status":%b}' % (
        method,
        _json(packet_id),
        kind,
        len(payload),
        _json(status),
    )
    return encode(header, payload)
