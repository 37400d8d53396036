"""Fuzzes what a server reads: framing, header and state of a connection.

Whatever arrives must end in an event; an exception is a crash. Options are those of libFuzzer:

    python tests/fuzz/fuzz_frame.py -max_total_time=300
    python tests/fuzz/fuzz_frame.py crash-0123abcd      # repeat one input

The first byte of an input chooses the state, and whether the rest is a packet or a header to be framed, since
few mutations get the header's size right.
"""

import sys
from typing import Any

import atheris

FUZZER: Any = atheris  # published without types

with FUZZER.instrument_imports(include=["tsock.wire"]):
    from tsock.wire import frame, packets
    from tsock.wire.client import ClientConnection
    from tsock.wire.connection import ProtocolViolation, ServerConnection, State
    from tsock.wire.headers import Reply

FRAMED = 0x80

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
    for state in State
    for header in HEADERS
    for choice, rest in ((FRAMED, header), (0, frame.encode(header)))
]
"""What clients write, in every state."""


def one_input(data: bytes) -> None:
    """Receives one packet and answers it as a server would."""
    choice, rest = (data[0], data[1:]) if data else (0, b"")
    packet = frame.encode(rest, b"{}") if choice & FRAMED else rest
    server = ServerConnection()
    server.state = before = State(choice % len(State))
    event, payload = server.receive(packet)
    if event is None:
        assert before >= State.CLOSING
        assert server.state is before
    elif isinstance(event, ProtocolViolation):
        assert server.state is State.CLOSING
        frame.decode(server.closing("TM0", event.status))
    else:
        assert len(payload) == event.payload_size
        answer(event.id)


def answer(packet_id: str) -> None:
    """Any id that was read can be written, and reaches the client unchanged."""
    client = ClientConnection(iter([packet_id]))
    client.update("")
    reply, _ = client.receive(packets.done(packet_id))
    assert isinstance(reply, Reply)
    assert reply.id == packet_id


def mutate(data: bytes, size_max: int, seed: int) -> bytes:
    """Starts now and then from what clients write, so that no corpus has to be kept."""
    start = data if seed % 8 else SEEDS[seed // 8 % len(SEEDS)]
    return FUZZER.Mutate(start[:size_max], size_max)


if __name__ == "__main__":
    FUZZER.Setup(sys.argv, one_input, custom_mutator=mutate)
    FUZZER.Fuzz()
