import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.wire import frame, packets
from tsock.wire.client import ClientConnection, ack
from tsock.wire.connection import ConnectionState, ProtocolViolation, ServerConnection
from tsock.wire.headers import (
    OK,
    Ack,
    ClientUpdate,
    Close,
    HttpRequest,
    Init,
    Message,
    Notification,
    Ping,
    Reply,
    Status,
    Unknown,
)

UNAUTHORIZED = Status(401, "UNAUTHORIZED", "Invalid Access Token", 20101)
GET = HttpRequest("cds.us1.twilio.com", "/v3/Maps", "GET")


def client(state: ConnectionState = ConnectionState.READY) -> ClientConnection:
    made = ClientConnection(iter(["TM1", "TM2", "TM3"]))
    made.state = state
    return made


def test_client_without_given_ids_counts_them():
    subject = ClientConnection()
    assert subject.init("a").id == "TM00000000000000000000000000000001"
    assert subject.update("b").id == "TM00000000000000000000000000000002"


def test_ack_is_what_a_server_knows_by_sight():
    server = ServerConnection()
    server.state = ConnectionState.READY
    assert server.receive(ack("TM77")) == (Ack(id="TM77", status=OK), b"")


def test_init_of_a_client_is_read_by_a_server():
    event, _ = ServerConnection().receive(
        client(ConnectionState.NEW).init("jwt", continuation_token="ct").packet
    )
    assert event == Init(
        id="TM1",
        token="jwt",
        continuation_token="ct",
        capabilities=["client_update", "offline_storage", "account_descriptor"],
    )


def test_message_of_a_client_is_read_by_a_server_with_its_payload():
    server = ServerConnection()
    server.state = ConnectionState.READY
    event, payload = server.receive(client().message("data_sync", GET, b"{}").packet)
    assert isinstance(event, Message)
    assert (event.id, event.active_grant, event.http_request, payload) == ("TM1", "data_sync", GET, b"{}")


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (OK, ConnectionState.READY),
        (UNAUTHORIZED, ConnectionState.CLOSING),
        (Status(429, "TOO_MANY_REQUESTS"), ConnectionState.CLOSING),
    ],
)
def test_init_reply_decides_the_state(status: Status, after: ConnectionState):
    subject = client(ConnectionState.NEW)
    subject.init("jwt")
    event, _ = subject.receive(packets.refusal("TM1", status))
    assert isinstance(event, Reply)
    assert event.status == status
    assert subject.state is after


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (OK, ConnectionState.READY),
        (UNAUTHORIZED, ConnectionState.CLOSING),
        (Status(429, "TOO_MANY_REQUESTS"), ConnectionState.READY),
    ],
)
def test_update_reply_401_ends_the_connection(status: Status, after: ConnectionState):
    subject = client()
    subject.update("jwt")
    subject.receive(packets.refusal("TM1", status))
    assert subject.state is after


def test_replies_match_by_id_in_any_order_and_only_once():
    subject = client()
    first, second = subject.message("data_sync", GET), subject.message("data_sync", GET)
    reply, payload = subject.receive(packets.reply(second.id, 404, b"{}"))
    assert isinstance(reply, Reply)
    assert (reply.id, reply.http_status, payload) == ("TM2", Status(404, "Not Found"), b"{}")
    assert subject.receive(packets.reply(second.id, 200, b"{}"))[0] is None
    assert subject.receive(packets.reply("TM9", 200, b"{}"))[0] is None
    assert isinstance(subject.receive(packets.reply(first.id, 204))[0], Reply)


@pytest.mark.parametrize("state", [ConnectionState.NEW, ConnectionState.READY])
def test_what_a_server_sends_on_its_own_is_handed_on(state: ConnectionState):
    subject = client(state)
    assert subject.receive(packets.notification("S1", "twilio.sync.event", b"{}")) == (
        Notification(
            id="S1", message_type="twilio.sync.event", payload_type="application/json", payload_size=2
        ),
        b"{}",
    )
    assert subject.receive(packets.ping("S2"))[0] == Ping(id="S2")
    assert subject.receive(packets.client_update("S3", "t", "m"))[0] == ClientUpdate(
        id="S3", client_update_type="t", client_update_message="m"
    )
    assert subject.receive(frame.encode(b'{"id":"S4","method":"hint"}'))[0] == Unknown(id="S4", method="hint")
    assert subject.state is state


def test_close_of_the_server_is_handed_on_and_the_rest_ignored():
    subject = client()
    assert subject.receive(packets.close("S1", UNAUTHORIZED))[0] == Close(id="S1", status=UNAUTHORIZED)
    assert subject.state is ConnectionState.CLOSING
    assert subject.receive(packets.ping("S2")) == (None, b"")


def test_close_of_the_client_is_read_by_the_server_and_ends_both():
    subject, server = client(), ServerConnection()
    assert server.receive(subject.close()) == (Close(id="TM1"), b"")
    assert (subject.state, server.state) == (ConnectionState.CLOSING, ConnectionState.GONE)


def test_garbage_from_the_server_is_a_violation():
    subject = client()
    assert isinstance(subject.receive(b"HTTP/1.1 200 OK")[0], ProtocolViolation)
    assert subject.state is ConnectionState.CLOSING


def test_repr_of_a_sent_packet_leaves_the_token_out():
    assert "jwt" not in repr(client().update("jwt"))


@given(state=st.sampled_from(ConnectionState), packet=st.binary(max_size=200), header=st.binary(max_size=60))
def test_receive_of_arbitrary_bytes_never_raises(state: ConnectionState, packet: bytes, header: bytes):
    client(state).receive(packet)
    client(state).receive(frame.encode(header))


def test_packets_of_a_server_may_have_any_size():
    subject = client()
    header = b'{"method":"ping","id":"TM1","x":"%b","payload_size":2000000}' % (b"x" * 300_000)
    event, payload = subject.receive(frame.encode(header, b"x" * 2_000_000))
    assert isinstance(event, Ping)
    assert len(payload) == 2_000_000
