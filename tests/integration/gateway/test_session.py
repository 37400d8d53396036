"""A connection from its handshake to its end, by clocks that the tests move."""

from typing import Any

import pytest

from tests.support.rig import Client, Rig
from tests.support.transport import Frame, Packet, frame, frames
from tsock.accounts.caller import CHAT, SYNC
from tsock.tokens.storage_id import storage_id
from tsock.wire import frame as packet_frame
from tsock.wire.websocket import CLOSE, TEXT

OK = {"code": 200, "status": "OK"}
WEBSOCKET_CLOSE = b"\x88\x00"
OTHER = "Can't update token, new token was issued for other identity/instance/product."


def headers(arrived: list[Packet]) -> list[dict[str, Any]]:
    return [packet.header for packet in arrived]


def methods(client: Client) -> list[str]:
    """What came since the last look."""
    return [header["method"] for header in headers(client.take())]


def last_packet(client: Client) -> Packet:
    """The packet before the WebSocket's close, which must be the last thing sent."""
    sent = client.transport.take()
    assert sent.endswith(WEBSOCKET_CLOSE)
    client.transport.sent += sent.removesuffix(WEBSOCKET_CLOSE)
    (packet,) = client.take()
    return packet


# The first packet.


def test_init_is_answered_at_once_with_who_the_client_is(rig: Rig) -> None:
    client = rig.open()
    registration = {
        "product": SYNC,
        "type": "ers",
        "notification_protocol_version": 0,
        "message_types": ["x"],
    }
    reply = client.init(rig.token("alice"), registrations=[registration], metadata={"osa": 64}, tweaks=None)
    header = reply.header
    made = rig.made
    assert reply.payload == b""
    assert header["status"] == OK
    assert header["capabilities"] == ["client_update", "offline_storage"]
    assert header["continuation_token_status"]["reissued"] is True
    assert header["continuation_token_status"]["reissue_reason"] == "MISSING"
    assert header["offline_storage"] == {
        SYNC: {"storage_id": storage_id("x", made.account_sid, made.sync_service_sid, "alice")}
    }
    (echoed,) = header["init_registrations"]
    assert echoed.pop("notification_ctx_id")
    assert echoed == {"product": SYNC, "type": "ers", "message_types": ["x"]}
    assert header["account_descriptor"] == {
        "account_sid": made.account_sid,
        "instance_sids": {SYNC: made.sync_service_sid},
        "identity": "alice",
    }


def test_kotlin_client_gets_its_capabilities_and_both_names_of_the_chat_service(rig: Rig) -> None:
    client = rig.open()
    token = rig.token("alice", products={SYNC: "default", CHAT: "default"})
    header = client.init(token, capabilities=("client_update", "account_descriptor")).header
    assert header["capabilities"] == ["client_update", "account_descriptor"]
    assert header["offline_storage"] == {}
    assert header["account_descriptor"]["instance_sids"] == {
        SYNC: rig.made.sync_service_sid,
        CHAT: rig.made.chat_service_sid,
        "chat": rig.made.chat_service_sid,
    }


def test_client_of_conversations_alone_gets_no_storage_of_sync(rig: Rig) -> None:
    client = rig.open()
    header = client.init(rig.token("alice", products={CHAT: "default"})).header
    assert header["offline_storage"] == {}


def test_endpoint_that_comes_back_keeps_its_continuation_token(rig: Rig) -> None:
    first = rig.open().init(rig.token("alice")).header["continuation_token"]
    again = rig.open().init(rig.token("alice"), continuation_token=first).header
    assert again["continuation_token"] == first
    assert again["continuation_token_status"] == {"reissued": False}
    other = rig.open().init(rig.token("bob"), continuation_token=first).header
    assert other["continuation_token"] != first
    assert other["continuation_token_status"]["reissue_reason"] == "DIFFERENT_IDENTITY"


async def test_socket_without_an_init_is_dropped_after_its_time(rig: Rig) -> None:
    client = rig.open()
    rig.pass_s(9.9)
    assert not client.transport.aborted
    rig.pass_s(0.2)
    assert client.transport.aborted
    assert client.transport.sent == b""


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x00" * 100,
        b"TWILSOCK V2.0 2\r\n{}\r\n",
        packet_frame.encode(b"[]"),
        packet_frame.encode(b'{"method":"init","token":"x"}'),
        packet_frame.encode(b'{"id":"1","method":"ping"}'),
        packet_frame.encode(b'{"id":"1","method":"message"}'),
        packet_frame.encode(b'{"id":"1","method":"init","payload_size":9}'),
    ],
)
async def test_garbage_or_anything_before_init_is_closed_with_406(rig: Rig, packet: bytes) -> None:
    client = rig.open()
    client.raw(packet)
    closing = last_packet(client)
    assert closing.header["method"] == "close"
    status = closing.header["status"]
    assert (status["code"], status["status"], status["errorCode"]) == (406, "NOT_ACCEPTABLE_MESSAGE", 51214)
    assert client.transport.closing


@pytest.mark.settings(packet_bytes_max=2000, header_bytes_max=1024, request_body_bytes_max=1024)
async def test_oversized_packet_is_closed_with_406(rig: Rig) -> None:
    client = rig.connect()
    client.socket.data_received(frame(b"x" * 2001))
    assert last_packet(client).header["status"]["code"] == 406
    assert client.transport.closing


@pytest.mark.settings(header_bytes_max=2048)
async def test_header_beyond_its_setting_is_closed_with_406(rig: Rig) -> None:
    client = rig.connect()
    client.send("ping", x="x" * 2048)
    status = last_packet(client).header["status"]
    assert (status["code"], status["description"]) == (406, "a header has at most 2048 bytes")


@pytest.mark.settings(packet_bytes_max=4 * 1024 * 1024, request_body_bytes_max=2 * 1024 * 1024)
async def test_packet_within_a_larger_setting_is_read(rig: Rig) -> None:
    client = rig.connect("alice")
    reply = await client.request("POST", "/v3/Documents", b'{"x":"' + b"x" * 1_500_000 + b'"}')
    assert reply.status == 201


async def test_text_frame_is_closed_with_406_and_what_follows_is_not_read(rig: Rig) -> None:
    client = rig.connect()
    client.socket.data_received(frame(b"hello", TEXT) + frame(b"garbage"))
    status = last_packet(client).header["status"]
    assert (status["code"], status["errorCode"]) == (406, 51214)
    assert client.transport.closing


async def test_acknowledgement_that_cannot_be_read_is_closed_with_417(rig: Rig) -> None:
    client = rig.connect()
    client.raw(b'TWILSOCK V3.0 99\r\n{"id":"TM1","method":"reply"}\r\n')
    assert last_packet(client).header["status"]["code"] == 417


async def test_client_that_leaves_gets_no_packet_and_a_closed_socket(rig: Rig) -> None:
    client = rig.connect()
    client.send("close")
    assert frames(client.transport.take()) == [Frame(CLOSE, b"")]
    assert client.transport.closing


@pytest.mark.parametrize("method", ["ping", "put_notification_ctx", "delete_notification_ctx", "frobnicate"])
def test_what_asks_for_nothing_is_answered_200(rig: Rig, method: str) -> None:
    client = rig.connect()
    packet_id = client.send(method, b"{}", notification_ctx_id="c")
    assert headers(client.take()) == [{"method": "reply", "id": packet_id, "payload_size": 0, "status": OK}]


def test_telemetry_and_acknowledgements_are_not_answered(rig: Rig) -> None:
    client = rig.connect()
    client.send("telemetry.v1", events=[{"start": -1, "end": 0}])
    client.ack("TM-nobody-sent-this")
    client.send("reply", status={"code": 400, "status": "BAD"})
    assert client.take() == []


# Keep-alive.


async def test_silent_connection_is_pinged_every_25_s_as_long_as_it_answers(rig: Rig) -> None:
    client = rig.connect()
    for _ in range(4):
        rig.pass_s(24.9)
        assert client.take() == []
        rig.pass_s(0.1)
        (ping,) = client.take()
        assert set(ping.header) == {"method", "id", "payload_size"}
        assert ping.header["method"] == "ping"
        client.ack(ping.header["id"])
    assert not client.transport.closing


async def test_ping_that_is_not_answered_within_15_s_drops_the_connection(rig: Rig) -> None:
    client = rig.connect()
    rig.pass_s(39.9)
    assert not client.transport.aborted
    rig.pass_s(0.2)
    assert client.transport.aborted
    assert methods(client) == ["ping"]


async def test_any_packet_behind_a_ping_is_a_sign_of_life_but_none_before_it(rig: Rig) -> None:
    talker, mute = rig.connect(), rig.connect()
    rig.pass_s(24)
    mute.send("telemetry.v1")
    rig.pass_s(10)
    talker.send("telemetry.v1")
    rig.pass_s(7)
    assert not talker.transport.aborted
    assert mute.transport.aborted


async def test_hour_forward_on_the_wall_clock_drops_nobody_for_silence(rig: Rig) -> None:
    client = rig.connect(ttl_s=36_000)
    rig.advance_s(3600)
    assert client.take() == []
    assert not client.transport.closing


async def test_slow_reader_is_dropped_without_a_packet_and_counted(rig: Rig) -> None:
    client = rig.connect()
    client.socket.pause_writing()
    assert not client.transport.aborted
    client.transport.waiting_bytes = rig.settings.send_queue_bytes_max + 1
    client.socket.send(b"one more")
    assert client.transport.aborted
    assert client.take() == []
    assert rig.metrics.slow_readers == 1


# The token's life.


@pytest.mark.parametrize(
    ("ttl_s", "warned_s"),
    [
        (3600, 3420),
        (200, 20),
        (190, 10),
        (185, 10),
        (180, 10),
        (60, 10),
        (20, 10),
        (15, 7.5),
        (10, 5),
        (2, 1),
    ],
)
async def test_about_to_expire_comes_at_180_s_but_never_right_after_the_reply(
    rig: Rig, ttl_s: int, warned_s: float
) -> None:
    client = rig.connect(ttl_s=ttl_s)
    rig.advance_s(warned_s - 0.001)
    assert client.take() == []
    rig.advance_s(0.001)
    (told,) = client.take()
    text = f"Token expires in {int(ttl_s - warned_s)} s"
    assert told.header == {
        "method": "client_update",
        "id": told.header["id"],
        "payload_size": 0,
        "client_update_type": "token_about_to_expire",
        "client_update_message": text,
    }
    rig.advance_s(ttl_s - warned_s - 0.001)
    assert client.take() == []


@pytest.mark.settings(token_about_to_expire_s=60)
async def test_lead_time_is_a_setting(rig: Rig) -> None:
    client = rig.connect(ttl_s=3600)
    rig.advance_s(3539)
    assert client.take() == []
    rig.advance_s(1)
    assert methods(client) == ["client_update"]


async def test_client_that_did_not_offer_it_is_not_warned(rig: Rig) -> None:
    client = rig.connect(capabilities=("offline_storage",), ttl_s=300)
    rig.advance_s(299)
    assert client.take() == []
    rig.advance_s(1)
    assert methods(client) == ["close"]


async def test_at_exp_the_client_is_told_410_and_the_socket_closed_5_s_later(rig: Rig) -> None:
    client = rig.connect(ttl_s=300)
    rig.advance_s(299.999)
    client.take()
    rig.advance_s(0.001)
    (closing,) = client.take()
    assert closing.header == {
        "method": "close",
        "id": closing.header["id"],
        "payload_size": 0,
        "status": {
            "code": 410,
            "status": "TOKEN_EXPIRED",
            "description": "Token expired",
            "errorCode": 51207,
        },
    }
    client.ask("GET", "/v3/Documents/x")
    client.send("ping")
    rig.pass_s(4.9)
    assert client.take() == []
    assert not client.transport.closing
    rig.pass_s(0.2)
    assert client.transport.take() == WEBSOCKET_CLOSE
    assert client.transport.closing


@pytest.mark.settings(token_expiry="drop")
async def test_at_exp_the_friendly_form_closes_the_socket_alone(rig: Rig) -> None:
    client = rig.connect(ttl_s=300)
    rig.advance_s(299)
    client.take()
    rig.advance_s(1)
    assert client.transport.take() == WEBSOCKET_CLOSE
    assert client.transport.closing


@pytest.mark.settings(token_exp_skew_s=30)
async def test_tolerance_for_exp_holds_for_standing_connections_too(rig: Rig) -> None:
    client = rig.connect(ttl_s=300)
    rig.advance_s(329)
    assert methods(client) == ["client_update"]
    rig.advance_s(1)
    assert methods(client) == ["close"]


async def test_update_replaces_the_token_and_its_moments(rig: Rig) -> None:
    client = rig.connect(ttl_s=300)
    rig.advance_s(200)
    assert methods(client) == ["client_update"]
    reply = client.update(rig.token(ttl_s=3600))
    assert reply.header == {"method": "reply", "id": reply.header["id"], "payload_size": 0, "status": OK}
    rig.advance_s(3419)
    assert client.take() == []
    rig.advance_s(1)
    assert methods(client) == ["client_update"]
    rig.advance_s(180)
    assert methods(client) == ["close"]


async def test_new_token_that_expires_sooner_counts(rig: Rig) -> None:
    client = rig.connect(ttl_s=36_000)
    assert client.update(rig.token(ttl_s=300)).header["status"] == OK
    rig.advance_s(300)
    assert methods(client) == ["client_update", "close"]


def test_update_with_the_same_token_is_answered_200(rig: Rig) -> None:
    client, token = rig.open(), rig.token()
    client.init(token)
    assert client.update(token).header["status"] == OK


@pytest.mark.parametrize(
    ("identity", "products"),
    [("bob", None), ("alice", {SYNC: "default", CHAT: "default"}), ("alice", {CHAT: "default"})],
)
async def test_update_for_another_client_is_401_51215_and_nothing_follows_it(
    rig: Rig, identity: str, products: dict[str, str] | None
) -> None:
    client = rig.connect("alice", ttl_s=200)
    rig.advance_s(19)
    status = client.update(rig.token(identity, products=products)).header["status"]
    assert (status["code"], status["status"], status["errorCode"]) == (401, "UNAUTHORIZED", 51215)
    assert status["description"].startswith(f"{OTHER} (DN")
    rig.advance_s(2)  # the moment of the warning passes
    rig.pass_s(4.9)
    assert client.transport.take() == b""
    rig.pass_s(0.1)
    assert client.transport.take() == WEBSOCKET_CLOSE


async def test_update_with_an_expired_token_is_401_20104(rig: Rig) -> None:
    client = rig.connect()
    old = rig.token(ttl_s=10)
    rig.advance_s(11)
    status = client.update(old).header["status"]
    assert (status["code"], status["errorCode"]) == (401, 20104)


@pytest.mark.parametrize("capabilities", [(), ("client_update",)])
async def test_second_init_of_the_same_client_counts_as_an_update(
    rig: Rig, capabilities: tuple[str, ...]
) -> None:
    client = rig.connect(capabilities=("client_update", "offline_storage"), ttl_s=300)
    reply = client.init(rig.token(ttl_s=3600), capabilities=capabilities)
    assert reply.header["status"] == OK
    assert reply.header["account_descriptor"]["identity"] == "alice"
    assert rig.sessions.count(rig.made.account_sid) == 1
    rig.advance_s(3599)
    assert methods(client) == ["client_update"] * len(capabilities)
    rig.advance_s(1)
    assert methods(client) == ["close"]


async def test_second_init_of_another_client_is_401_51215(rig: Rig) -> None:
    client = rig.connect("alice")
    status = client.init(rig.token("bob")).header["status"]
    assert (status["code"], status["errorCode"]) == (401, 51215)
    assert client.session.caller.identity == "alice"


async def test_refused_client_gets_no_close_packet_and_5_s_to_go_by_itself(rig: Rig) -> None:
    client = rig.open()
    status = client.init("garbage").header["status"]
    assert (status["code"], status["status"], status["errorCode"]) == (401, "UNAUTHORIZED", 20101)
    rig.pass_s(4.9)
    assert not client.transport.closing
    rig.pass_s(0.2)
    assert client.transport.take() == WEBSOCKET_CLOSE


async def test_refused_client_cannot_try_again_on_the_same_connection(rig: Rig) -> None:
    client = rig.open()
    client.init("garbage")
    client.send("init", token=rig.token())
    assert client.take() == []
    assert client.session.caller is None


@pytest.mark.parametrize("ending", ["expired", "refused", "client closed", "violation"])
async def test_peer_that_reads_nothing_cannot_keep_its_connection_beyond_the_end(
    rig: Rig, ending: str
) -> None:
    """A closed socket waits for the peer to read what is left; somebody has to end the waiting."""
    client = rig.connect(ttl_s=20)
    client.transport.stuck = True
    match ending:
        case "expired":
            rig.advance_s(20)
        case "refused":
            client.send("update", token="garbage")
        case "client closed":
            client.send("close")
        case "violation":
            client.raw(b"garbage")
    rig.pass_s(60)
    assert client.transport.aborted
    await rig.settled()
    assert rig.gateway.standing == 0


async def test_lost_connection_leaves_nothing_behind(rig: Rig) -> None:
    client = rig.connect()
    session = client.session
    client.lose()
    rig.pass_s(100)
    rig.advance_s(10_000)
    assert client.transport.sent == b""
    assert (rig.gateway.standing, rig.sessions.count(rig.made.account_sid)) == (0, 0)
    assert rig.metrics.connections_opened == rig.metrics.connections_closed == 1
    session.reply(b"too late")
    assert client.transport.sent == b""


async def test_request_under_way_when_the_connection_is_lost_is_carried_out_and_not_answered(
    rig: Rig,
) -> None:
    client = rig.connect()
    client.ask("POST", "/v3/Documents", {"unique_name": "kept"})
    client.lose()
    await rig.settled()
    assert client.transport.sent == b""
    assert (await rig.connect().request("GET", "/v3/Documents/kept")).status == 200
