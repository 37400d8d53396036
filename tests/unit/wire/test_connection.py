import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.wire import frame
from tsock.wire.connection import ConnectionState, ProtocolViolation, ServerConnection, UnreadInit
from tsock.wire.frame import PacketLimits
from tsock.wire.headers import (
    OK,
    AccountDescriptor,
    Ack,
    BackoffPolicy,
    Close,
    ContinuationStatus,
    DeleteContext,
    Header,
    Init,
    InitReply,
    Message,
    Ping,
    PutContext,
    Status,
    Telemetry,
    Unknown,
    Update,
)

GRANTED = InitReply(
    capabilities=["client_update"],
    continuation_token="ct",
    continuation_token_status=ContinuationStatus(reissued=False),
    offline_storage={},
    init_registrations=[],
    account_descriptor=AccountDescriptor("AC1", {}, "alice"),
)
UNAUTHORIZED = Status(401, "UNAUTHORIZED", "Invalid Access Token", 20101)


def connection(state: ConnectionState) -> ServerConnection:
    made = ServerConnection()
    made.state = state
    return made


PACKETS: dict[type[Header], bytes] = {
    Init: b'TWILSOCK V3.0 40\r\n{"id":"TM1","method":"init","token":"a"}\r\n',
    Update: b'TWILSOCK V3.0 42\r\n{"id":"TM1","method":"update","token":"a"}\r\n',
    Message: b'TWILSOCK V3.0 53\r\n{"id":"TM1","method":"message","active_grant":"chat"}\r\n',
    PutContext: b'TWILSOCK V3.0 44\r\n{"id":"TM1","method":"put_notification_ctx"}\r\n',
    DeleteContext: b'TWILSOCK V3.0 47\r\n{"id":"TM1","method":"delete_notification_ctx"}\r\n',
    Telemetry: b'TWILSOCK V3.0 36\r\n{"id":"TM1","method":"telemetry.v1"}\r\n',
    Ping: b'TWILSOCK V3.0 28\r\n{"id":"TM1","method":"ping"}\r\n',
    Unknown: b'TWILSOCK V3.0 33\r\n{"id":"TM1","method":"subscribe"}\r\n',
    Ack: b'TWILSOCK V3.0 65\r\n{"method":"reply","id":"TM1","status":{"status":"ok","code":200}}\r\n',
    Close: b'TWILSOCK V3.0 29\r\n{"id":"TM1","method":"close"}\r\n',
}


@pytest.mark.parametrize(
    ("kind", "in_new", "in_ready", "in_closing", "in_gone"),
    [
        (Init, "taken", "taken", "dropped", "dropped"),
        (Update, "violation", "taken", "dropped", "dropped"),
        (Message, "violation", "taken", "dropped", "dropped"),
        (PutContext, "violation", "taken", "dropped", "dropped"),
        (DeleteContext, "violation", "taken", "dropped", "dropped"),
        (Telemetry, "violation", "taken", "dropped", "dropped"),
        (Ping, "violation", "taken", "dropped", "dropped"),
        (Unknown, "violation", "taken", "dropped", "dropped"),
        (Ack, "violation", "taken", "taken", "dropped"),
        (Close, "ends", "ends", "dropped", "dropped"),
    ],
)
def test_packet_of_each_kind_in_each_state(
    kind: type[Header], in_new: str, in_ready: str, in_closing: str, in_gone: str
):
    for state, outcome in zip(ConnectionState, (in_new, in_ready, in_closing, in_gone), strict=True):
        subject = connection(state)
        event, payload = subject.receive(PACKETS[kind])
        assert payload == b""
        if outcome == "taken":
            assert (type(event), subject.state) == (kind, state)
        elif outcome == "ends":
            assert (type(event), subject.state) == (kind, ConnectionState.GONE)
        elif outcome == "dropped":
            assert (event, subject.state) == (None, state)
        else:
            assert event == ProtocolViolation(
                Status(406, "NOT_ACCEPTABLE_MESSAGE", "expected init as the first packet", 51214)
            )
            assert subject.state is ConnectionState.CLOSING


GARBAGE = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\x00\xff" * 50, id="binary garbage"),
    pytest.param(b"TWILSOCK V2.0 2\r\n{}\r\n", id="other version"),
    pytest.param(b"TWILSOCK V3.0 " + b"2".rjust(51) + b"\r\n{}\r\n", id="first line over 64 bytes"),
    pytest.param(
        frame.encode(b'{"id":"TM1","method":"init","x":"%b"}' % (b"x" * 262_144)), id="large header"
    ),
    pytest.param(
        frame.encode(b'{"id":"TM1","method":"init","payload_size":1048576}', b"x" * 1_048_576),
        id="large packet",
    ),
    pytest.param(frame.encode(b"[]"), id="header is an array"),
    pytest.param(frame.encode(b"null"), id="header is null"),
    pytest.param(frame.encode(b'{"id":"TM1","method":"init","token":"a","token":"b"}'), id="repeated key"),
    pytest.param(frame.encode(b'{"id":"TM1","method":"init","token":"\xff"}'), id="bad UTF-8"),
    pytest.param(frame.encode(b'{"method":"init","token":"a"}'), id="no id"),
    pytest.param(frame.encode(b'{"id":"","method":"init","token":"a"}'), id="empty id"),
    pytest.param(frame.encode(b'{"id":"TM1","token":"a"}'), id="no method"),
    pytest.param(frame.encode(b'{"id":"TM1","method":"init","payload_size":5}', b"ab"), id="short payload"),
]


@pytest.mark.parametrize("packet", GARBAGE)
@pytest.mark.parametrize("state", [ConnectionState.NEW, ConnectionState.READY])
def test_garbage_is_a_violation_406_and_closes(packet: bytes, state: ConnectionState):
    subject = connection(state)
    event, payload = subject.receive(packet)
    assert isinstance(event, ProtocolViolation)
    status = event.status
    assert (status.code, status.status, status.error_code) == (406, "NOT_ACCEPTABLE_MESSAGE", 51214)
    assert payload == b""
    assert subject.state is ConnectionState.CLOSING


@pytest.mark.parametrize("packet", GARBAGE)
@pytest.mark.parametrize("state", [ConnectionState.CLOSING, ConnectionState.GONE])
def test_garbage_after_the_end_is_ignored(packet: bytes, state: ConnectionState):
    subject = connection(state)
    assert subject.receive(packet) == (None, b"")
    assert subject.state is state


def test_text_message_is_a_violation_406_once():
    subject = connection(ConnectionState.READY)
    violation = subject.receive_text()
    assert violation is not None
    assert (violation.status.code, violation.status.error_code) == (406, 51214)
    assert subject.state is ConnectionState.CLOSING
    assert subject.receive_text() is None


def test_message_given_up_on_for_its_size_is_a_violation_406():
    subject = connection(ConnectionState.NEW)
    violation = subject.receive_oversized()
    assert violation is not None
    assert (violation.status.code, violation.status.error_code) == (406, 51214)
    assert subject.state is ConnectionState.CLOSING


def test_payload_with_line_breaks_and_bytes_behind_it_is_cut_by_its_size():
    packet = (
        b'TWILSOCK V3.0 61\r\n{"id":"TM1","method":"put_notification_ctx","payload_size":4}\r\n'
        b"a\r\nb\r\nTWILSOCK V3.0 "
    )
    assert connection(ConnectionState.READY).receive(packet) == (
        PutContext(id="TM1", payload_size=4),
        b"a\r\nb",
    )


@pytest.mark.parametrize(
    "header",
    [
        (
            b'{"id":"TM77aa-0001","method":"reply","payload_type":"application/json",'
            b'"status":{"code":200,"status":"OK"},"payload_size":0}'
        ),
        b'{"method":"reply","id":"TM77aa-0001","status":{"status":"ok","code":200}}',
        b'{"id": "TM77aa-0001", "method": "reply", "status": {"code": 200, "status": "OK"}}',
        b'{"method":"reply","id":"TM77aa-0001","payload_size":0,"status":{"code":200,"status":"OK"}}',
        b'{"status":{"code":200,"status":"OK"},"id":"TM77aa-0001","method":"reply"}',
    ],
)
@pytest.mark.parametrize("state", [ConnectionState.READY, ConnectionState.CLOSING])
def test_acknowledgement_in_any_form_gives_id_and_code(header: bytes, state: ConnectionState):
    event, payload = connection(state).receive(frame.encode(header))
    assert isinstance(event, Ack)
    assert event.status is not None
    assert (event.id, event.status.code, payload) == ("TM77aa-0001", 200, b"")


@pytest.mark.parametrize("packet_id", ["ü", 'a"b', "a\\b", "a b", "💬", "x" * 200_000])
def test_acknowledgement_of_any_id_gives_it_back(packet_id: str):
    quoted = packet_id.replace("\\", "\\\\").replace('"', '\\"').encode()
    header = b'{"method":"reply","id":"%b","status":{"status":"ok","code":200}}' % quoted
    event, _ = connection(ConnectionState.READY).receive(frame.encode(header))
    assert event == Ack(id=packet_id, status=Status(200, "ok")) or event == Ack(id=packet_id, status=OK)


def test_negative_acknowledgement_gives_its_status():
    packet = frame.encode(b'{"method":"reply","id":"TM1","status":{"code":400,"status":"BAD_REQUEST"}}')
    event, _ = connection(ConnectionState.READY).receive(packet)
    assert event == Ack(id="TM1", status=Status(400, "BAD_REQUEST"))


def test_acknowledgement_without_status_is_none():
    event, _ = connection(ConnectionState.READY).receive(frame.encode(b'{"method":"reply","id":"TM1"}'))
    assert event == Ack(id="TM1", status=None)


JS_ACK = (
    b'{"id":"TM1","method":"reply","payload_type":"application/json","status":{"code":200,"status":"OK"},'
    b'"payload_size":0}'
)


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(b"TWILSOCK V3.0 115\r\n%b\r\n" % JS_ACK, id="size too small"),
        pytest.param(b"TWILSOCK V3.0 117\r\n%b\r\n" % JS_ACK, id="size too large"),
        pytest.param(b"TWILSOCK V3.0 116\r\n%b" % JS_ACK, id="no CRLF"),
        pytest.param(frame.encode(JS_ACK[:-1]), id="cut short"),
        pytest.param(frame.encode(JS_ACK[:-1] + b',"id":"TM2"}'), id="repeated key"),
        pytest.param(frame.encode(JS_ACK.replace(b"TM1", b"TM\xff")), id="bad UTF-8"),
        pytest.param(frame.encode(JS_ACK.replace(b"TM1", b"")), id="empty id"),
        pytest.param(frame.encode(b'{"method":"reply","status":{"code":200}}'), id="no id"),
        pytest.param(frame.encode(JS_ACK[:-2] + b"9}"), id="short payload"),
    ],
)
def test_garbled_acknowledgement_is_a_violation_417(packet: bytes):
    subject = connection(ConnectionState.READY)
    event, _ = subject.receive(packet)
    assert isinstance(event, ProtocolViolation)
    assert (event.status.code, event.status.status) == (417, "EXPECTATION_FAILED")
    assert subject.state is ConnectionState.CLOSING


def test_garbled_request_that_mentions_a_reply_is_a_violation_406():
    body = b'{"method":"reply"}'
    packet = frame.encode(b'{"id":"TM1","method":"message","payload_size":999}', body)
    event, _ = connection(ConnectionState.READY).receive(packet)
    assert isinstance(event, ProtocolViolation)
    assert event.status.code == 406


def test_accept_replies_and_makes_ready():
    subject = ServerConnection()
    assert subject.accept("TM1", GRANTED) == (
        b"TWILSOCK V3.0 314\r\n"
        b'{"method":"reply","id":"TM1","payload_size":0,"status":{"code":200,"status":"OK"},'
        b'"capabilities":["client_update"],"continuation_token":"ct","continuation_token_status":'
        b'{"reissued":false},"offline_storage":{},"init_registrations":[],"account_descriptor":'
        b'{"account_sid":"AC1","instance_sids":{},"identity":"alice"}}\r\n'
    )
    assert subject.state is ConnectionState.READY
    assert subject.takes_updates


def test_accept_without_the_capability_confirmed_means_no_client_update():
    subject = ServerConnection()
    subject.accept(
        "TM1",
        InitReply(
            capabilities=[],
            continuation_token="ct",
            continuation_token_status=ContinuationStatus(reissued=False),
            offline_storage={},
            init_registrations=[],
            account_descriptor=AccountDescriptor("AC1", {}, "alice"),
        ),
    )
    assert not subject.takes_updates


@pytest.mark.parametrize("state", [ConnectionState.CLOSING, ConnectionState.GONE])
def test_accept_after_the_end_does_not_revive(state: ConnectionState):
    subject = connection(state)
    subject.accept("TM1", GRANTED)
    assert subject.state is state


@pytest.mark.parametrize(
    ("state", "status", "after"),
    [
        (ConnectionState.NEW, UNAUTHORIZED, ConnectionState.CLOSING),
        (ConnectionState.NEW, Status(429, "TOO_MANY_REQUESTS"), ConnectionState.CLOSING),
        (ConnectionState.NEW, Status(500, "INTERNAL_SERVER_ERROR"), ConnectionState.CLOSING),
        (ConnectionState.READY, UNAUTHORIZED, ConnectionState.CLOSING),
        (ConnectionState.READY, Status(429, "TOO_MANY_REQUESTS"), ConnectionState.READY),
        (ConnectionState.READY, Status(500, "INTERNAL_SERVER_ERROR"), ConnectionState.READY),
        (ConnectionState.GONE, UNAUTHORIZED, ConnectionState.GONE),
    ],
)
def test_refuse_replies_and_closes_when_the_client_must_leave(
    state: ConnectionState, status: Status, after: ConnectionState
):
    subject = connection(state)
    packet = subject.refuse("TM1", status)
    assert packet.startswith(b"TWILSOCK V3.0 ")
    assert b'{"method":"reply","id":"TM1","payload_size":0,"status":{"code":%d,' % status.code in packet
    assert subject.state is after


def test_refuse_with_backoff_carries_the_policy():
    packet = ServerConnection().refuse("TM1", Status(429, "TOO_MANY_REQUESTS"), BackoffPolicy(4000, 6000))
    assert packet.endswith(b'\r\n{"backoff_policy":{"reconnect_min_ms":4000,"reconnect_max_ms":6000}}\r\n')


def test_closing_sends_close_and_leaves_only_acknowledgements():
    subject = connection(ConnectionState.READY)
    assert subject.closing("TM1", Status(410, "TOKEN_EXPIRED", "Token expired", 51207)).startswith(
        b'TWILSOCK V3.0 141\r\n{"method":"close","id":"TM1","payload_size":0,"status":{"code":410,'
    )
    assert subject.receive(PACKETS[Message]) == (None, b"")
    assert isinstance(subject.receive(PACKETS[Ack])[0], Ack)


def test_gone_ends_everything():
    subject = connection(ConnectionState.READY)
    subject.gone()
    assert subject.receive(PACKETS[Ack]) == (None, b"")


@pytest.mark.parametrize(
    ("limits", "size_max"), [(PacketLimits(100), 100), (PacketLimits(100, packet_bytes_max=150), 150)]
)
@pytest.mark.parametrize("method", ["ping", "reply"])
def test_packet_beyond_the_limits_of_the_connection_is_a_violation_406(
    limits: PacketLimits, size_max: int, method: str
):
    members = f'"method":"{method}","payload_type":"application/json","status":{{"code":200,"status":"OK"}}'
    packet = frame.encode(f'{{"id":"TM{"1" * 100}",{members},"payload_size":0}}'.encode())
    taken = connection(ConnectionState.READY)
    assert isinstance(taken.receive(packet)[0], Ping | Ack)
    subject = ServerConnection(limits)
    event, _ = subject.receive(packet)
    assert isinstance(event, ProtocolViolation)
    assert (event.status.code, event.status.error_code) == (406, 51214)
    assert f"at most {size_max} bytes" in str(event.status.description)


def test_oversized_message_is_told_the_limit_of_the_connection():
    violation = ServerConnection(PacketLimits(packet_bytes_max=5000)).receive_oversized()
    assert violation is not None
    assert violation.status.description == "a packet has at most 5000 bytes"


def test_connection_holds_three_references_and_nothing_else():
    assert sys.getsizeof(ServerConnection()) <= 56
    assert not hasattr(ServerConnection(), "__dict__")


@given(state=st.sampled_from(ConnectionState), packet=st.binary(max_size=200))
def test_receive_of_arbitrary_bytes_never_raises(state: ConnectionState, packet: bytes):
    event, _ = connection(state).receive(packet)
    assert event is None or isinstance(event, ProtocolViolation)


VALID = [
    *PACKETS.values(),
    frame.encode(
        b'{"id":"TM1","method":"init","\\udc00":1,"token":"\\ud800","metadata":{"a\\ud800":-1.5e99}}'
    ),
    frame.encode(JS_ACK),
    frame.encode(
        b'{"id":"TM1","method":"message","active_grant":"data_sync","payload_type":"application/json",'
        b'"http_request":{"host":"h","path":"/v3/Maps","method":"POST","params":{"a":"b"},'
        b'"headers":{"If-Match":"1"}},"payload_size":2}',
        b"{}",
    ),
    frame.encode(
        b'{"id":"TM1","method":"init","token":"a","continuation_token":null,"metadata":{"osa":64},'
        b'"registrations":[{"product":"data_sync","message_types":["x"]}],"capabilities":["client_update"]}'
    ),
]


@given(
    state=st.sampled_from(ConnectionState),
    packet=st.sampled_from(VALID),
    edits=st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4
    ),
)
def test_receive_of_a_mutated_packet_never_raises(
    state: ConnectionState, packet: bytes, edits: list[tuple[int, int, bytes]]
):
    for at, cut, new in edits:
        packet = packet[: at % len(packet)] + new + packet[at % len(packet) + cut :] or b"x"
    connection(state).receive(packet)


@given(header=st.binary(max_size=60), payload=st.binary(max_size=20))
def test_receive_of_a_well_framed_packet_with_an_arbitrary_header_never_raises(header: bytes, payload: bytes):
    connection(ConnectionState.READY).receive(frame.encode(header, payload))


def test_plain_acks_mean_nothing_but_before_init() -> None:
    assert connection(ConnectionState.READY).receive_acks() is None
    assert connection(ConnectionState.CLOSING).receive_acks() is None
    subject = ServerConnection()
    violation = subject.receive_acks()
    assert violation is not None
    assert (violation.status.code, violation.status.error_code) == (406, 51214)
    assert subject.state is ConnectionState.CLOSING


LONG = b"TWILSOCK V3.0 30000\r\n"


@pytest.mark.parametrize(
    "begun", [b'{"id":"TM1","method":"init","token":"', b'{"method":"init","id":"TM1","metadata":{']
)
def test_init_of_which_only_the_beginning_was_kept_can_be_answered(begun: bytes) -> None:
    subject = ServerConnection()
    assert subject.receive_cut(LONG + begun + b"x" * 100, 30_023) == UnreadInit("TM1", 30_023)
    assert subject.state is ConnectionState.NEW


def test_init_with_a_header_beyond_every_limit_can_be_answered_as_well() -> None:
    beginning = b'TWILSOCK V3.0 900000\r\n{"id":"TM1","method":"init","token":"'
    assert ServerConnection().receive_cut(beginning, 900_100) == UnreadInit("TM1", 900_100)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"x" * 100,
        LONG + b'{"id":"TM1","method":"message","x":"',
        LONG + b'{"id":"","method":"init","token":"',
        LONG + b'{"token":"x","id":"TM1","method":"init"',
        b'TWILSOCK V3.0 28\r\n{"id":"TM1","method":"init"}  \r\n' + b"payload",
    ],
)
def test_other_cut_packets_are_violations(beginning: bytes) -> None:
    violation = ServerConnection().receive_cut(beginning, 30_000)
    assert isinstance(violation, ProtocolViolation)
    assert (violation.status.code, violation.status.error_code) == (406, 51214)


@given(beginning=st.binary(max_size=80) | st.binary(max_size=60).map(lambda rest: LONG + rest))
def test_cut_packet_never_raises_and_is_ignored_on_the_way_out(beginning: bytes) -> None:
    ServerConnection().receive_cut(beginning, 30_000)
    assert connection(ConnectionState.CLOSING).receive_cut(beginning, 30_000) is None


def test_flood_is_told_the_limits() -> None:
    violation = ServerConnection().receive_flood()
    assert violation is not None
    assert violation.status.error_code == 51214
    assert "1000 frames" in str(violation.status.description)
