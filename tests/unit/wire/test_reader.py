import json
from typing import Any

import pytest

from tsock.wire.frame import MalformedPacket
from tsock.wire.headers import (
    OK,
    AccountDescriptor,
    Ack,
    ClientUpdate,
    Close,
    ContinuationStatus,
    DeleteContext,
    Header,
    HttpRequest,
    Init,
    InitReply,
    Message,
    Notification,
    Ping,
    PutContext,
    Registration,
    Reply,
    Status,
    Storage,
    Telemetry,
    Unknown,
    Update,
)
from tsock.wire.reader import read_from_client, read_from_server

SYNC = Registration("data_sync", message_types=["twilio.sync.event"])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(
            b'{"id":"TM1","method":"init","token":"jwt","continuation_token":null,"metadata":{"ver":"1.0.2",'
            b'"osa":64},"registrations":[{"product":"data_sync","type":"ers",'
            b'"notification_protocol_version":0,"message_types":["twilio.sync.event"]}],"tweaks":null,'
            b'"capabilities":["client_update","offline_storage","telemetry.v1"],"payload_size":0}',
            Init(
                id="TM1",
                token="jwt",
                metadata={"ver": "1.0.2", "osa": 64},
                registrations=[SYNC],
                capabilities=["client_update", "offline_storage", "telemetry.v1"],
            ),
            id="init of JS",
        ),
        pytest.param(
            b'{"method":"init","id":"RQ1","token":"jwt","continuation_token":"ct","capabilities":'
            b'["client_update","account_descriptor"],"metadata":{"os":"Android"},"tweaks":{"tweak_key":"k"}}',
            Init(
                id="RQ1",
                token="jwt",
                continuation_token="ct",
                metadata={"os": "Android"},
                capabilities=["client_update", "account_descriptor"],
            ),
            id="init of Kotlin",
        ),
        pytest.param(
            b'{"id":"TM1","method":"update","token":"jwt","payload_size":0}',
            Update(id="TM1", token="jwt"),
            id="update",
        ),
        pytest.param(
            b'{"id":"TM1","method":"message","active_grant":"data_sync","payload_type":"application/json",'
            b'"http_request":{"host":"cds.us1.twilio.com:443","path":"/v3/Maps/a%20b","method":"GET",'
            b'"params":{"PageSize":"50","Key":["a","b"]},"headers":{"If-Match":"1"}},"payload_size":0}',
            Message(
                id="TM1",
                active_grant="data_sync",
                payload_type="application/json",
                http_request=HttpRequest(
                    "cds.us1.twilio.com:443",
                    "/v3/Maps/a%20b",
                    "GET",
                    {"PageSize": "50", "Key": ["a", "b"]},
                    {"If-Match": "1"},
                ),
            ),
            id="message of JS",
        ),
        pytest.param(
            b'{"method":"message","id":"RQ1","payload_size":11,"payload_type":"application/json",'
            b'"active_grant":"data_sync","http_request":{"host":"cds.us1.twilio.com","path":"/v3/Maps",'
            b'"method":"POST","params":{"PageSize":["50"]},"headers":{"Content-Type":["application/json"]}}}',
            Message(
                id="RQ1",
                payload_size=11,
                payload_type="application/json",
                active_grant="data_sync",
                http_request=HttpRequest(
                    "cds.us1.twilio.com",
                    "/v3/Maps",
                    "POST",
                    {"PageSize": ["50"]},
                    {"Content-Type": ["application/json"]},
                ),
            ),
            id="message of Kotlin",
        ),
        pytest.param(
            b'{"id":"TM1","method":"put_notification_ctx","notification_ctx_id":"c1",'
            b'"payload_type":"application/json","payload_size":20}',
            PutContext(id="TM1", notification_ctx_id="c1", payload_type="application/json", payload_size=20),
            id="put_notification_ctx",
        ),
        pytest.param(
            b'{"id":"TM1","method":"delete_notification_ctx","notification_ctx_id":"c1","payload_size":0}',
            DeleteContext(id="TM1", notification_ctx_id="c1"),
            id="delete_notification_ctx",
        ),
        pytest.param(
            b'{"id":"TM1","method":"telemetry.v1","events":[{"start":-9,"end":0,"title":"a","details":"b"}],'
            b'"payload_size":0}',
            Telemetry(id="TM1"),
            id="telemetry",
        ),
        pytest.param(b'{"id":"TM1","method":"close","payload_size":0}', Close(id="TM1"), id="close"),
        pytest.param(b'{"id":"TM1","method":"ping","payload_size":0}', Ping(id="TM1"), id="ping"),
        pytest.param(
            b'{"id":"TM1","method":"reply","payload_type":"application/json",'
            b'"status":{"code":200,"status":"OK"},"payload_size":0}',
            Ack(id="TM1", payload_type="application/json", status=OK),
            id="acknowledgement",
        ),
        pytest.param(
            b'{"method":"reply","id":"TM1","status":{"code":400,"status":"BAD_REQUEST",'
            b'"description":"Notification message must carry data","errorCode":7}}',
            Ack(
                id="TM1",
                status=Status(400, "BAD_REQUEST", "Notification message must carry data", 7),
            ),
            id="negative acknowledgement",
        ),
        pytest.param(
            b'{"id":"TM1","method":"subscribe"}', Unknown(id="TM1", method="subscribe"), id="unknown method"
        ),
        pytest.param(
            b'{"id":"TM1","method":"notification","payload_size":4}',
            Unknown(id="TM1", method="notification", payload_size=4),
            id="method of the other direction",
        ),
    ],
)
def test_client_header_of_each_method_is_read(header: bytes, expected: Header):
    assert read_from_client(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(
            b'{"method":"reply","id":"RQ1","payload_size":0,"status":{"code":200,"status":"OK"},'
            b'"capabilities":["client_update"],"continuation_token":"ct","continuation_token_status":'
            b'{"reissued":true,"reissue_reason":"MISSING","reissue_message":"m"},"offline_storage":'
            b'{"data_sync":{"storage_id":"8f1e"}},"init_registrations":[],"account_descriptor":'
            b'{"account_sid":"AC1","instance_sids":{"data_sync":"IS1"},"identity":"alice"}}',
            Reply(
                id="RQ1",
                status=OK,
                capabilities=["client_update"],
                continuation_token="ct",
                continuation_token_status=ContinuationStatus(True, "MISSING", "m"),
                offline_storage={"data_sync": Storage("8f1e")},
                account_descriptor=AccountDescriptor("AC1", {"data_sync": "IS1"}, "alice"),
            ),
            id="init reply",
        ),
        pytest.param(
            b'{"method":"reply","id":"RQ1","payload_type":"application/json","status":{"code":200,'
            b'"status":"OK"},"http_status":{"code":404,"status":"Not Found"},"http_headers":{"a":"b"},'
            b'"payload_size":2}',
            Reply(
                id="RQ1",
                payload_type="application/json",
                status=OK,
                http_status=Status(404, "Not Found"),
                http_headers={"a": "b"},
                payload_size=2,
            ),
            id="reply",
        ),
        pytest.param(
            b'{"method":"notification","id":"TM1","payload_type":"application/json",'
            b'"message_type":"twilio.sync.event","notification_ctx_id":"","payload_size":2}',
            Notification(
                id="TM1",
                payload_type="application/json",
                message_type="twilio.sync.event",
                payload_size=2,
            ),
            id="notification",
        ),
        pytest.param(
            b'{"method":"client_update","id":"TM1","payload_size":0,'
            b'"client_update_type":"token_about_to_expire","client_update_message":"m"}',
            ClientUpdate(id="TM1", client_update_type="token_about_to_expire", client_update_message="m"),
            id="client_update",
        ),
        pytest.param(
            b'{"method":"close","id":"TM1","payload_size":0,"status":{"code":410,"status":"TOKEN_EXPIRED",'
            b'"description":"Token expired","errorCode":51207}}',
            Close(id="TM1", status=Status(410, "TOKEN_EXPIRED", "Token expired", 51207)),
            id="close",
        ),
        pytest.param(b'{"method":"ping","id":"TM1","payload_size":0}', Ping(id="TM1"), id="ping"),
    ],
)
def test_server_header_of_each_method_is_read(header: bytes, expected: Header):
    assert read_from_server(header) == expected


@pytest.mark.parametrize("token", [None, 5, True, [], {"grants": {}}, ["jwt"], 1.5])
def test_init_with_a_token_that_is_no_string_counts_as_without_one(token: Any):
    header = json.dumps({"id": "TM1", "method": "init", "token": token}, separators=(",", ":")).encode()
    assert read_from_client(header) == Init(id="TM1", token="")


@pytest.mark.parametrize("method", ["init", "update"])
def test_header_without_token_is_still_answerable(method: str):
    header = read_from_client(b'{"id":"TM1","method":"%b"}' % method.encode())
    assert isinstance(header, Init | Update)
    assert (header.id, header.token) == ("TM1", "")


@pytest.mark.parametrize("text", ["", "undefined", "null", '{"iss":"SK1"}', "<!doctype html>" * 17_000])
def test_token_that_is_any_string_is_kept_for_its_examination(text: str):
    header = json.dumps({"id": "TM1", "method": "init", "token": text}).encode()
    assert read_from_client(header) == Init(id="TM1", token=text)


@pytest.mark.parametrize(
    ("member", "garbage"),
    [
        ("continuation_token", 5),
        ("continuation_token", {"a": 1}),
        ("capabilities", None),
        ("capabilities", "client_update"),
        ("capabilities", [1]),
        ("metadata", None),
        ("metadata", ["sdk"]),
        ("registrations", "all"),
        ("registrations", {}),
        ("registrations", [None]),
        ("registrations", [{"type": "ers"}]),
        ("registrations", [{"product": "data_sync", "message_types": "x"}]),
        ("payload_type", 5),
        ("payload_size", None),
    ],
)
def test_init_with_a_garbage_member_counts_as_without_it(member: str, garbage: Any):
    header = {"id": "TM1", "method": "init", "token": "jwt", member: garbage}
    assert read_from_client(json.dumps(header).encode()) == Init(id="TM1", token="jwt")


def test_init_with_one_garbage_member_keeps_the_others():
    header = {
        "id": "TM1",
        "method": "init",
        "token": 5,
        "continuation_token": "ct",
        "metadata": {"sdk": "JS"},
    }
    assert read_from_client(json.dumps(header).encode()) == Init(
        id="TM1", continuation_token="ct", metadata={"sdk": "JS"}
    )


@pytest.mark.parametrize(
    "request_member",
    [
        None,
        "GET /",
        {},
        {"host": "h", "path": "/v3/Maps"},
        {"host": "h", "path": "/v3/Maps", "method": 5},
        {"host": "h", "path": "/v3/Maps", "method": "GET", "params": {"a": {"b": 1}}},
        {"host": "h", "path": "/v3/Maps", "method": "GET", "headers": {"a": [1]}},
    ],
)
def test_message_with_an_unusable_request_is_still_answerable(request_member: Any):
    header = {"id": "TM1", "method": "message", "active_grant": "g", "http_request": request_member}
    assert read_from_client(json.dumps(header).encode()) == Message(id="TM1", active_grant="g")


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"5",
        b'"init"',
        b"{",
        b'{"id":"TM1","method":"ping"',
        b'{"id":"TM1","method":"ping"}}',
        b'{"id":"TM1","method":"ping"}{}',
        b"{'id':'TM1','method':'ping'}",
        b'\xef\xbb\xbf{"id":"TM1","method":"ping"}',
        b"[" * 200_000,
        b'{"id":"TM1","method":"ping","x":%b}' % (b"[" * 100_000 + b"]" * 100_000),
        b'{"id":"TM1","method":"ping","x":NaN}',
        b'{"id":"TM1","method":"ping","x":1e999}',
        b'{"id":"TM1","method":"ping","x":%b}' % (b"9" * 5_000),
    ],
)
def test_header_that_is_no_json_object_is_malformed(header: bytes):
    with pytest.raises(MalformedPacket, match="JSON"):
        read_from_client(header)


@pytest.mark.parametrize(
    "header",
    [
        b'{"id":"TM\xff","method":"ping"}',
        b'{"id":"TM1","method":"ping","x":"\xc3"}',
        b'{"id":"TM1","method":"ping","\xff":1}',
        b'{"id":"TM1","method":"ping","x":"\xed\xa0\x80"}',
        b'{"id":"TM1","method":"ping","x":"\xc0\xaf"}',
        b'{"id":"TM1","method":"ping","x":"\xed\xa0\x80","y":"\\ud800"}',
    ],
)
def test_header_with_bad_utf8_is_malformed(header: bytes):
    with pytest.raises(MalformedPacket, match="UTF-8"):
        read_from_client(header)


@pytest.mark.parametrize(
    "header",
    [
        b'{"id":"TM1","method":"ping","id":"TM2"}',
        b'{"id":"TM1","method":"ping","id":"TM1"}',
        b'{"id":"TM1","method":"ping","i\\u0064":"TM2"}',
        b'{"id":"TM1", "method":"ping", "method" : "close"}',
        b'{"id":"TM1","method":"init","token":"a","token":"b"}',
        b'{"id":"TM1","method":"ping","unknown":1,"unknown":2}',
        b'{"id":"TM1","method":"message","http_request":{"host":"h","path":"/a","path":"/b","method":"GET"}}',
        (
            b'{"id":"TM1","method":"message","http_request":{"host":"h","path":"/a","method":"GET",'
            b'"params":{"a":"1","a":"2"}}}'
        ),
    ],
)
def test_header_that_repeats_a_key_is_malformed(header: bytes):
    with pytest.raises(MalformedPacket, match="twice"):
        read_from_client(header)


@pytest.mark.parametrize(
    "header",
    [
        b'{ "id" : "TM1" ,\r\n\t"method" : "ping" }',
        b'{"method":"ping","id":"TM1"}',
        b'{"id":"T\\u004d1","method":"\\u0070ing"}',
        b'{"id":"TM1","method":"ping","x":1E2,"y":-0,"z":"\\/"}',
        b'{"id":"TM1","method":"ping","x":{"id":"TM2","method":"close"}}',
    ],
)
def test_header_in_a_less_compact_form_is_read_alike(header: bytes):
    assert read_from_client(header) == Ping(id="TM1")


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        (b"{}", "method"),
        (b'{"id":"TM1"}', "method"),
        (b'{"id":"TM1","method":null}', "method"),
        (b'{"id":"TM1","method":["init"]}', "method"),
        (b'{"method":"ping"}', "id"),
        (b'{"method":"ping","id":""}', "id"),
        (b'{"method":"ping","id":null}', "id"),
        (b'{"method":"ping","id":5}', "id"),
        (b'{"method":"ping","id":"\\ud800"}', "id"),
        (b'{"method":"\\ud800","id":"TM1"}', "method"),
        (b'{"method":"ping","id":"TM1","payload_size":"\\ud800"}', "payload_size"),
        (b'{"method":"subscribe","id":""}', "id"),
        (b'{"method":"ping","id":"TM1","payload_size":-1}', "payload_size"),
        (b'{"method":"ping","id":"TM1","payload_size":"4"}', "payload_size"),
        (b'{"method":"ping","id":"TM1","payload_size":4.5}', "payload_size"),
        (b'{"method":"ping","id":"TM1","payload_size":true}', "payload_size"),
    ],
)
def test_header_that_cannot_be_answered_is_malformed(header: bytes, missing: str):
    with pytest.raises(MalformedPacket, match=missing):
        read_from_client(header)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            b'{"id":"TM1","method":"init","token":"jwt","metadata":{"app":"\\ud800"},"capabilities":["a"]}',
            Init(id="TM1", token="jwt", capabilities=["a"]),
        ),
        (
            b'{"id":"TM1","method":"init","token":"jwt","metadata":{"\\uDFFF":[1]},"payload_size":0}',
            Init(id="TM1", token="jwt"),
        ),
        (
            b'{"id":"TM1","method":"init","token":"a\\udc00\\ud800b","metadata":{"a":"\\ud834\\udd1e"}}',
            Init(id="TM1", metadata={"a": "\N{MUSICAL SYMBOL G CLEF}"}),
        ),
        (
            (
                b'{"id":"TM1","method":"message","active_grant":"data_sync","http_request":{"host":"h",'
                b'"path":"/v3/Maps/\\ud800","method":"GET"},"payload_size":2}'
            ),
            Message(id="TM1", active_grant="data_sync", payload_size=2),
        ),
        (b'{"id":"TM1","method":"ping","\\ud800":1,"\\ud801":[{"x":"\\ud800 \\u0041"}]}', Ping(id="TM1")),
        (b'{"id":"TM1","method":"subscribe","x":"\\ud800"}', Unknown(id="TM1", method="subscribe")),
    ],
)
def test_member_with_an_unpaired_surrogate_counts_as_absent(header: bytes, expected: Header):
    assert read_from_client(header) == expected


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b'{"id":"TM1","method":"ping","x":"\\ud800","id":"TM2"}', "twice"),
        (b'{"id":"TM1","method":"ping","x":"\\ud800"', "JSON"),
        (b'{"id":"TM1","method":"ping","x":"\\ud8"}', "JSON"),
        (b'{"id":"TM1","method":"ping","x":"\\ud800","y":NaN}', "JSON"),
        (b'["\\ud800"]', "JSON object"),
        (b'{"id":"TM1","method":"ping","y":"\\ud800","x":%b}' % (b"[" * 100_000 + b"]" * 100_000), "JSON"),
    ],
)
def test_unpaired_surrogate_excuses_nothing_else(header: bytes, problem: str):
    with pytest.raises(MalformedPacket, match=problem):
        read_from_client(header)


SECRET = "eyJ0eXAi.secret"


@pytest.mark.parametrize(
    "header",
    [
        Init(id="TM1", token=SECRET, continuation_token=SECRET),
        Update(id="TM1", token=SECRET),
        Reply(id="TM1", continuation_token=SECRET),
        InitReply(
            capabilities=[],
            continuation_token=SECRET,
            continuation_token_status=ContinuationStatus(False),
            offline_storage={},
            init_registrations=[],
            account_descriptor=AccountDescriptor("AC1", {}, "alice"),
        ),
    ],
)
def test_repr_of_what_carries_a_token_leaves_it_out(header: object):
    assert SECRET not in repr(header)
    assert SECRET not in f"{[header]}"


@pytest.mark.parametrize(
    "registrations",
    [
        [{"product": "data_sync"}] * 21,
        [{"product": "data_sync", "message_types": ["x"] * 101}],
        [{"product": "data_sync", "message_types": ["x" * 129]}],
        [{"product": "x" * 129}],
    ],
)
def test_more_registrations_than_anybody_needs_count_as_none(registrations: list[dict[str, object]]) -> None:
    header = {"id": "TM1", "method": "init", "token": "t", "registrations": registrations, "payload_size": 0}
    init = read_from_client(json.dumps(header).encode())
    assert isinstance(init, Init)
    assert (init.token, init.registrations) == ("t", None)
