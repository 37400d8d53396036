"""The dialogue of `protocol/twilsock.md`, Example, byte by byte, with the sizes printed there."""

import pytest

from tsock.wire import packets
from tsock.wire.client import ClientConnection, ack
from tsock.wire.connection import ConnectionState, ServerConnection
from tsock.wire.headers import (
    AccountDescriptor,
    Ack,
    Close,
    ContinuationStatus,
    HttpRequest,
    Init,
    InitReply,
    Message,
    Registration,
    RegistrationReply,
    Status,
    Storage,
    Update,
)

INIT = (
    b"TWILSOCK V3.0 403\r\n"
    b'{"id":"TM6f0c2a9e-0001","method":"init","token":"<JWT-A>","continuation_token":null,"metadata":'
    b'{"ver":"1.0.2","env":"Chrome","os":"Linux","type":"sync","sdk":"JS","sdkv":"4.0.1"},"registrations":'
    b'[{"product":"data_sync","type":"ers","notification_protocol_version":0,"message_types":'
    b'["twilio.sync.event"]}],"tweaks":null,"capabilities":["client_update","offline_storage",'
    b'"telemetry.v1"],"payload_size":0}\r\n'
)
INIT_REPLY = (
    b"TWILSOCK V3.0 643\r\n"
    b'{"method":"reply","id":"TM6f0c2a9e-0001","payload_size":0,"status":{"code":200,"status":"OK"},'
    b'"capabilities":["client_update","offline_storage"],"continuation_token":"ct.k1.9Qw",'
    b'"continuation_token_status":{"reissued":true,"reissue_reason":"MISSING","reissue_message":'
    b'"No continuation token was sent"},"offline_storage":{"data_sync":{"storage_id":"8f1e"}},'
    b'"init_registrations":[{"notification_ctx_id":"5d0c","type":"ers","product":"data_sync",'
    b'"message_types":["twilio.sync.event"]}],"account_descriptor":{"account_sid":'
    b'"AC00000000000000000000000000000001","instance_sids":{"data_sync":'
    b'"IS00000000000000000000000000000001"},"identity":"alice"}}\r\n'
)
SUBSCRIBE = (
    b"TWILSOCK V3.0 268\r\n"
    b'{"id":"TM6f0c2a9e-0002","method":"message","active_grant":"data_sync","payload_type":'
    b'"application/json","http_request":{"host":"cds.us1.twilio.com","path":"/v4/Subscriptions","method":'
    b'"POST","params":{},"headers":{"Content-Type":"application/json"}},"payload_size":41}\r\n'
    b'{"action":"establish","correlation_id":7}'
)
SUBSCRIBED = (
    b"TWILSOCK V3.0 227\r\n"
    b'{"method":"reply","id":"TM6f0c2a9e-0002","payload_type":"application/json","status":{"code":200,'
    b'"status":"OK"},"http_status":{"code":202,"status":"Accepted"},"http_headers":{"content-type":'
    b'"application/json"},"payload_size":23}\r\n'
    b'{"max_batch_size":1000}\r\n'
)
NOTIFICATION = (
    b"TWILSOCK V3.0 156\r\n"
    b'{"method":"notification","id":"TM77aa-0001","payload_type":"application/json","message_type":'
    b'"twilio.sync.event","notification_ctx_id":"","payload_size":43}\r\n'
    b'{"event_type":"example","correlation_id":7}\r\n'
)
ACK = (
    b"TWILSOCK V3.0 124\r\n"
    b'{"id":"TM77aa-0001","method":"reply","payload_type":"application/json","status":{"code":200,'
    b'"status":"OK"},"payload_size":0}\r\n'
)
PING = b'TWILSOCK V3.0 53\r\n{"method":"ping","id":"TM77aa-0002","payload_size":0}\r\n'
ABOUT_TO_EXPIRE = (
    b"TWILSOCK V3.0 162\r\n"
    b'{"method":"client_update","id":"TM77aa-0003","payload_size":0,"client_update_type":'
    b'"token_about_to_expire","client_update_message":"Token expires in under 180 s"}\r\n'
)
UPDATE = (
    b'TWILSOCK V3.0 77\r\n{"id":"TM6f0c2a9e-0003","method":"update","token":"<JWT-B>","payload_size":0}\r\n'
)
UPDATED = (
    b"TWILSOCK V3.0 94\r\n"
    b'{"method":"reply","id":"TM6f0c2a9e-0003","payload_size":0,"status":{"code":200,"status":"OK"}}\r\n'
)
CLOSE = b'TWILSOCK V3.0 58\r\n{"id":"TM6f0c2a9e-0004","method":"close","payload_size":0}\r\n'
REFUSED = (
    b"TWILSOCK V3.0 186\r\n"
    b'{"method":"reply","id":"TM6f0c2a9e-0001","payload_size":0,"status":{"code":401,"status":'
    b'"UNAUTHORIZED","description":"Access Token expired or expiration date invalid","errorCode":20104}}\r\n'
)
EXPIRED = (
    b"TWILSOCK V3.0 149\r\n"
    b'{"method":"close","id":"TM77aa-0009","payload_size":0,"status":{"code":410,"status":"TOKEN_EXPIRED",'
    b'"description":"Token expired","errorCode":51207}}\r\n'
)

GRANTED = InitReply(
    capabilities=["client_update", "offline_storage"],
    continuation_token="ct.k1.9Qw",
    continuation_token_status=ContinuationStatus(True, "MISSING", "No continuation token was sent"),
    offline_storage={"data_sync": Storage("8f1e")},
    init_registrations=[RegistrationReply("5d0c", "ers", "data_sync", ["twilio.sync.event"])],
    account_descriptor=AccountDescriptor(
        "AC00000000000000000000000000000001",
        {"data_sync": "IS00000000000000000000000000000001"},
        "alice",
    ),
)


def test_server_reads_and_writes_the_transcript():
    server = ServerConnection()

    init, _ = server.receive(INIT)
    assert isinstance(init, Init)
    assert (init.token, init.metadata["sdk"]) == ("<JWT-A>", "JS")
    assert server.accept(init.id, GRANTED) == INIT_REPLY

    message, payload = server.receive(SUBSCRIBE)
    assert isinstance(message, Message)
    assert payload == b'{"action":"establish","correlation_id":7}'
    assert packets.reply(message.id, 202, b'{"max_batch_size":1000}') == SUBSCRIBED

    event = b'{"event_type":"example","correlation_id":7}'
    assert packets.notification("TM77aa-0001", "twilio.sync.event", event) == NOTIFICATION
    assert isinstance(server.receive(ACK)[0], Ack)
    assert packets.ping("TM77aa-0002") == PING

    warning = packets.client_update("TM77aa-0003", "token_about_to_expire", "Token expires in under 180 s")
    assert warning == ABOUT_TO_EXPIRE
    update, _ = server.receive(UPDATE)
    assert isinstance(update, Update)
    assert packets.done(update.id) == UPDATED

    assert isinstance(server.receive(CLOSE)[0], Close)
    assert server.state is ConnectionState.GONE


def test_client_writes_and_reads_the_transcript():
    client = ClientConnection(iter([f"TM6f0c2a9e-000{n}" for n in (1, 2, 3, 4)]))
    metadata = {"ver": "1.0.2", "env": "Chrome", "os": "Linux", "type": "sync", "sdk": "JS", "sdkv": "4.0.1"}

    init = client.init(
        "<JWT-A>",
        metadata=metadata,
        registrations=[Registration("data_sync", message_types=["twilio.sync.event"])],
        capabilities=["client_update", "offline_storage", "telemetry.v1"],
    )
    assert init.packet == INIT
    client.receive(INIT_REPLY)
    assert client.state is ConnectionState.READY

    request = HttpRequest(
        "cds.us1.twilio.com", "/v4/Subscriptions", "POST", {}, {"Content-Type": "application/json"}
    )
    sent = client.message("data_sync", request, b'{"action":"establish","correlation_id":7}')
    assert sent.packet == SUBSCRIBE + b"\r\n"
    assert client.receive(SUBSCRIBED)[1] == b'{"max_batch_size":1000}'

    assert client.receive(NOTIFICATION)[1] == b'{"event_type":"example","correlation_id":7}'
    assert ack("TM77aa-0001") == ACK
    assert client.update("<JWT-B>").packet == UPDATE
    client.receive(UPDATED)
    assert client.close() == CLOSE


def test_server_writes_the_variants():
    expired = Status(401, "UNAUTHORIZED", "Access Token expired or expiration date invalid", 20104)
    assert ServerConnection().refuse("TM6f0c2a9e-0001", expired) == REFUSED
    ended = Status(410, "TOKEN_EXPIRED", "Token expired", 51207)
    assert ServerConnection().closing("TM77aa-0009", ended) == EXPIRED


@pytest.mark.parametrize("tail", [b"", b"\r\n"])
def test_server_reads_the_request_in_the_form_of_kotlin(tail: bytes):
    server = ServerConnection()
    server.accept("RQ0", GRANTED)
    header = (
        b'{"method":"message","id":"RQ00000000000000000000000000000001","payload_size":11,"payload_type":'
        b'"application/json","active_grant":"data_sync","http_request":{"host":"cds.us1.twilio.com","path":'
        b'"/v3/Maps","method":"POST","params":{"PageSize":["50"]},"headers":{"Content-Type":'
        b'["application/json"]}}}'
    )
    message, payload = server.receive(
        b'TWILSOCK V3.0 %d\r\n%b\r\n{"ttl":300}%b' % (len(header), header, tail)
    )
    assert isinstance(message, Message)
    assert message.http_request == HttpRequest(
        "cds.us1.twilio.com",
        "/v3/Maps",
        "POST",
        {"PageSize": ["50"]},
        {"Content-Type": ["application/json"]},
    )
    assert payload == b'{"ttl":300}'
