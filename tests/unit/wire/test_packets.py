import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.wire import frame, packets
from tsock.wire.headers import OK, BackoffPolicy, Status
from tsock.wire.reader import read_from_server


def test_packet_ids_are_tm_and_32_hex_digits_and_never_repeat():
    ids = packets.packet_ids()
    assert [next(ids), next(ids)] == [
        "TM00000000000000000000000000000001",
        "TM00000000000000000000000000000002",
    ]


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        pytest.param(
            packets.reply("RQ1", 200, b'{"a":1}'),
            b'TWILSOCK V3.0 208\r\n{"method":"reply","id":"RQ1","payload_type":"application/json",'
            b'"status":{"code":200,"status":"OK"},"http_status":{"code":200,"status":"OK"},'
            b'"http_headers":{"content-type":"application/json"},"payload_size":7}\r\n{"a":1}\r\n',
            id="reply",
        ),
        pytest.param(
            packets.reply("RQ1", 404, b"{}"),
            b'TWILSOCK V3.0 215\r\n{"method":"reply","id":"RQ1","payload_type":"application/json",'
            b'"status":{"code":200,"status":"OK"},"http_status":{"code":404,"status":"Not Found"},'
            b'"http_headers":{"content-type":"application/json"},"payload_size":2}\r\n{}\r\n',
            id="reply to a failed request",
        ),
        pytest.param(
            packets.reply("RQ1", 204),
            b'TWILSOCK V3.0 149\r\n{"method":"reply","id":"RQ1","status":{"code":200,"status":"OK"},'
            b'"http_status":{"code":204,"status":"No Content"},"http_headers":{},"payload_size":0}\r\n',
            id="reply without body",
        ),
        pytest.param(
            packets.reply("RQ1", 200, b"hi", "text/plain", {"etag": '"7"'}),
            b'TWILSOCK V3.0 211\r\n{"method":"reply","id":"RQ1","payload_type":"text/plain",'
            b'"status":{"code":200,"status":"OK"},"http_status":{"code":200,"status":"OK"},'
            b'"http_headers":{"etag":"\\"7\\"","content-type":"text/plain"},"payload_size":2}\r\nhi\r\n',
            id="reply of another type with headers",
        ),
        pytest.param(
            packets.reply("RQ1", 599),
            b'TWILSOCK V3.0 146\r\n{"method":"reply","id":"RQ1","status":{"code":200,"status":"OK"},'
            b'"http_status":{"code":599,"status":"Unknown"},"http_headers":{},"payload_size":0}\r\n',
            id="reply with a status of no name",
        ),
        pytest.param(
            packets.notification("TM1", "twilio.sync.event", '{"a":"ü"}'.encode()),
            b'TWILSOCK V3.0 148\r\n{"method":"notification","id":"TM1","payload_type":"application/json",'
            b'"message_type":"twilio.sync.event","notification_ctx_id":"","payload_size":10}\r\n'
            b'{"a":"\xc3\xbc"}\r\n',
            id="notification",
        ),
        pytest.param(
            packets.done("RQ1"),
            b'TWILSOCK V3.0 82\r\n{"method":"reply","id":"RQ1","payload_size":0,'
            b'"status":{"code":200,"status":"OK"}}\r\n',
            id="done",
        ),
        pytest.param(
            packets.ping("TM1"),
            b'TWILSOCK V3.0 45\r\n{"method":"ping","id":"TM1","payload_size":0}\r\n',
            id="ping",
        ),
        pytest.param(
            packets.client_update("TM1", "token_about_to_expire", "Soon"),
            b'TWILSOCK V3.0 130\r\n{"method":"client_update","id":"TM1","payload_size":0,'
            b'"client_update_type":"token_about_to_expire","client_update_message":"Soon"}\r\n',
            id="client_update",
        ),
        pytest.param(
            packets.refusal("TM1", Status(401, "UNAUTHORIZED", "Invalid Access Token", 20101)),
            b'TWILSOCK V3.0 147\r\n{"method":"reply","id":"TM1","payload_size":0,"status":{"code":401,'
            b'"status":"UNAUTHORIZED","description":"Invalid Access Token","errorCode":20101}}\r\n',
            id="refusal",
        ),
        pytest.param(
            packets.refusal("TM1", Status(429, "TOO_MANY_REQUESTS"), BackoffPolicy(4000, 6000)),
            b'TWILSOCK V3.0 132\r\n{"method":"reply","id":"TM1","payload_type":"application/json",'
            b'"payload_size":68,"status":{"code":429,"status":"TOO_MANY_REQUESTS"}}\r\n'
            b'{"backoff_policy":{"reconnect_min_ms":4000,"reconnect_max_ms":6000}}\r\n',
            id="refusal with back-off",
        ),
        pytest.param(
            packets.close("TM1", Status(410, "TOKEN_EXPIRED", "Token expired", 51207)),
            b'TWILSOCK V3.0 141\r\n{"method":"close","id":"TM1","payload_size":0,"status":{"code":410,'
            b'"status":"TOKEN_EXPIRED","description":"Token expired","errorCode":51207}}\r\n',
            id="close",
        ),
        pytest.param(
            packets.close("TM1", Status(308, "OFFLOAD"), BackoffPolicy(1000, 2000)),
            b'TWILSOCK V3.0 122\r\n{"method":"close","id":"TM1","payload_type":"application/json",'
            b'"payload_size":68,"status":{"code":308,"status":"OFFLOAD"}}\r\n'
            b'{"backoff_policy":{"reconnect_min_ms":1000,"reconnect_max_ms":2000}}\r\n',
            id="close with back-off",
        ),
    ],
)
def test_packet_of_each_kind_is_written_in_these_bytes(packet: bytes, expected: bytes):
    assert packet == expected


@pytest.mark.parametrize(("low", "high"), [(2000, 2000), (3000, 2000), (-1, 2000)])
def test_backoff_policy_that_clients_would_throw_on_is_refused(low: int, high: int):
    with pytest.raises(ValueError, match="reconnect_min_ms"):
        BackoffPolicy(low, high)


texts = st.text(min_size=1, max_size=40)


@given(packet_id=texts, text=texts, payload=st.binary(min_size=1, max_size=60))
def test_packet_with_any_text_in_it_obeys_the_rules_for_writers(packet_id: str, text: str, payload: bytes):
    status = Status(401, "UNAUTHORIZED", text, 20104)
    for packet in (
        packets.reply(packet_id, 200, payload),
        packets.reply(packet_id, 201, payload, text, {text: text}),
        packets.reply(packet_id, 204),
        packets.notification(packet_id, text, payload),
        packets.done(packet_id),
        packets.ping(packet_id),
        packets.client_update(packet_id, text, text),
        packets.refusal(packet_id, status, BackoffPolicy(1, 2)),
        packets.close(packet_id, status),
    ):
        header, rest = frame.decode(packet)
        assert b"\r" not in header
        assert b"\n" not in header
        members = json.loads(header)
        assert members["id"] == packet_id
        assert None not in members.values()
        assert ("payload_type" in members) == (members["payload_size"] > 0)
        assert rest == (rest[: members["payload_size"]] + b"\r\n" if members["payload_size"] else b"")
        assert members["method"] in {"reply", "notification", "client_update", "close", "ping"}
        assert members["method"] not in {"reply", "close"} or members["status"]["code"] in {200, 401}
        assert read_from_server(header).id == packet_id


def test_done_answers_with_the_plain_status():
    header, _ = frame.decode(packets.done("RQ1"))
    assert read_from_server(header).status == OK  # pyright: ignore[reportAttributeAccessIssue]
