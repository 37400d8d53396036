"""Fuzzes what a server reads: WebSocket frames, packets, headers and the state of a connection.

Whatever arrives must end in an event; an exception is a crash. The first byte of an input chooses the state,
and whether the rest is a packet, a header to be framed, since few mutations get the header's size right, or a
stream of WebSocket frames.
"""

from collections.abc import Iterator

from tests.fuzz.engine import fuzz, instrumented

with instrumented("tsock.wire"):
    from tsock.wire import frame, packets, websocket
    from tsock.wire.client import ClientConnection
    from tsock.wire.connection import ConnectionState, ProtocolViolation, ServerConnection
    from tsock.wire.frame_reader import ACKS, Found, FrameReader
    from tsock.wire.headers import Reply

FRAMED = 0x80
STREAM = 0x40
KEPT_BYTES_MAX = 300
HEAD_BYTES_MAX = 139

HEADERS = (
    b'{"id":"TM1","method":"init","token":"a","continuation_token":null,"metadata":{"osa":64},'
    b'"registrations":[{"product":"data_sync","type":"ers","notification_protocol_version":0,'
    b'"message_types":["x"]}],"tweaks":null,"capabilities":["client_update"],"payload_size":0}\n'
    b'{"id":"TM1","method":"update","token":"a","payload_size":0}\n'
    b'{"id":"TM1","method":"message","active_grant":"data_sync","payload_type":"application/json",'
    b'"http_request":{"host":"h","path":"/v3/Maps","method":"POST","params":{"a":["b"]},'
    b'"headers":{"If-Match":"1"}},"payload_size":2}\n'
    b'{"id":"TM1","method":"put_notification_ctx","notification_ctx_id":"c","payload_size":0}\n'
    b'{"id":"TM1","method":"telemetry.v1","events":[{"start":-1,"end":0}],"payload_size":0}\n'
    b'{"id":"TM1","method":"reply","payload_type":"application/json","status":{"code":200,"status":"OK"},'
    b'"payload_size":0}\n'
    b'{"method":"reply","id":"TM1","status":{"status":"ok","code":200}}\n'
    b'{"id":"TM1","method":"close","payload_size":0}'
).split(b"\n")

SEEDS = [
    bytes([choice + state]) + rest
    for state in ConnectionState
    for header in HEADERS
    for choice, rest in (
        (FRAMED, header),
        (0, frame.encode(header)),
        (STREAM, websocket.frame(frame.encode(header), mask=b"mask") * 2),
    )
]
"""What clients write, in every state."""


def one_input(data: bytes) -> None:
    """Receives one packet and answers it as a server would."""
    choice, rest = (data[0], data[1:]) if data else (0, b"")
    if choice & STREAM:
        stream(rest)
        return
    packet = frame.encode(rest, b"{}") if choice & FRAMED else rest
    server = ServerConnection()
    server.state = before = ConnectionState(choice % len(ConnectionState))
    ServerConnection().receive_cut(packet, len(packet) + 1)
    event, payload = server.receive(packet)
    if event is None:
        assert before >= ConnectionState.CLOSING
        assert server.state is before
    elif isinstance(event, ProtocolViolation):
        assert server.state is ConnectionState.CLOSING
        frame.decode(server.closing("TM0", event.status))
    else:
        assert len(payload) == event.payload_size
        answer(event.id)


def stream(data: bytes) -> None:
    """Any stream of frames is read within bounds, and in the same way however it is cut."""
    whole, cut = reader(), reader()
    middle = len(data) // 3
    found = list(found_in(whole, data))
    assert joined(found) == joined([*found_in(cut, data[:middle]), *found_in(cut, data[middle:])])
    assert (whole.frames, whole.ended, whole.held_bytes) == (cut.frames, cut.ended, cut.held_bytes)


def reader() -> FrameReader:
    return FrameReader(
        from_client=True, message_bytes_max=1_000, message_frames_max=9, kept_bytes_max=KEPT_BYTES_MAX
    )


def found_in(reader: FrameReader, data: bytes) -> Iterator[Found]:
    reader.feed(data)
    while not reader.hungry:
        one = reader.read()
        if one is not None:
            yield one
    assert reader.held_bytes <= KEPT_BYTES_MAX + HEAD_BYTES_MAX


def joined(found: list[Found]) -> list[Found]:
    """The same with acknowledgements one by one."""
    return [
        each for kind, value in found for each in ([(ACKS, 1)] * value if kind == ACKS else [(kind, value)])
    ]


def answer(packet_id: str) -> None:
    """Any id that was read can be written, and reaches the client unchanged."""
    client = ClientConnection(iter([packet_id]))
    client.update("")
    reply, _ = client.receive(packets.done(packet_id))
    assert isinstance(reply, Reply)
    assert reply.id == packet_id


if __name__ == "__main__":
    fuzz(one_input, SEEDS)
