"""Fuzzes requests: bytes from a client, through wire, tunnel, router and handlers, to a real store.

Whatever arrives, no exception leaves the connection, and no request ends in a 5xx.

The first byte of an input chooses the form of the rest: a whole packet; a header and a payload, to be
framed; or a request line and a body, such as `PUT /v3/Maps/map/Items/a?X=y 3f` and `{"data":{}}`, in which
the third word is an `If-Match`.
"""

import asyncio
import logging
import tempfile
from pathlib import Path

from tests.fuzz.engine import fuzz, instrumented

with instrumented("tsock.api", "tsock.gateway", "tsock.sync", "tsock.wire"):
    import msgspec
    import structlog

    from tests.support.rig import Client, Rig
    from tsock.accounts.caller import CHAT, SYNC
    from tsock.gateway.session import Session
    from tsock.wire import frame
    from tsock.wire.connection import ConnectionState

PACKET, HEADER, CHAT_GRANT = 0x80, 0x40, 0x20
REQUESTS_PER_CONNECTION = 500

LINES = (
    b"GET /v3/Configuration\n",
    b'POST /v3/Documents\n{"unique_name":"doc","data":{"a":1},"ttl":60}',
    b"GET /v3/Documents/doc\n",
    b'POST /v3/Documents/doc 0\n{"data":{"b":[1,null,"\\u00e9"]},"ttl":0}',
    b"DELETE /v3/Documents/doc\ndata_sync",
    b'POST /v3/Lists\n{"unique_name":"list","context":{},"purpose":"x"}',
    b'POST /v3/Lists/list/Items\n{"data":{"n":1},"ttl":5}',
    b"GET /v3/Lists/list/Items?Index=0&HideExpired=true\n",
    b"GET /v3/Lists/list/Items?From=1&Bounds=exclusive&Order=desc&PageSize=2\n",
    b"GET /v3/Lists/list/Items?PageToken=eyJ\n",
    b'POST /v3/Lists/list/Items/0 -1\n{"data":{}}',
    b"GET /v3/Lists/list/Context\n",
    b'POST /v3/Maps\n{"unique_name":"map"}',
    b'PUT /v3/Maps/map/Items/a%2Fb -1\n{"data":{"k":"v"}}',
    b'POST /v3/Maps/map/Items\n{"key":"k","data":{}}',
    b"GET /v3/Maps/map?Include=items\n",
    b"GET /v3/Maps/map/Items?Key=k\n",
    b"DELETE /v3/Maps/map/Items/k 0\ndata_sync",
    b'POST /v3/Streams\n{"unique_name":"stream"}',
    b'POST /v3/Streams/stream/Messages\n{"data":{"x":1}}',
    b'POST /v3/Insights/tr-worker/Items\n{"query_string":"a","type":"live_query"}',
    b'POST /v4/Subscriptions\n{"action":"establish","correlation_id":1,"requests":[MAP]}',
    b'POST /v4/Subscriptions\n{"action":"cancel","correlation_id":1,"requests":[MAP]}',
    b"GET /dev/token?identity=alice&ttl=60&grants=sync,chat\n",
    b'POST /dev/clock\n{"advance_s":1}',
    b"GET /metrics\n",
)

KOTLIN = (
    b'{"id":"RQ1","method":"message","active_grant":"data_sync","payload_type":"application/json",'
    b'"http_request":{"host":"h","path":"/v3/Maps","method":"POST","params":{"PageSize":["5"]},'
    b'"headers":{"If-Match":["0"]}},"payload_size":2}'
)


class Fixture:
    """One server, and a connection that is replaced when it has ended or served long enough."""

    def __init__(self) -> None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        self._folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.rig: Rig = self.loop.run_until_complete(self._start())
        self._client: Client | None = None
        self._served = 0

    async def _start(self) -> Rig:
        rig = Rig(Path(self._folder.name))
        await rig.start()
        return rig

    def map_sid(self) -> bytes:
        """The SID of a map that is there from the beginning."""
        making = self.client().request("POST", "/v3/Maps", {"unique_name": "map"})
        return self.loop.run_until_complete(making).body["sid"].encode()

    def client(self) -> Client:
        client = self._client
        if client is None or client.session.connection.state is not ConnectionState.READY:
            products = {SYNC: "default", CHAT: "default"}
            client = self._client = self.rig.connect(products=products, ttl_s=86_400)
            self._served = 0
        self._served += 1
        if self._served == REQUESTS_PER_CONNECTION:
            client.send("close")
            client = self.client()
        return client

    async def send(self, packet: bytes) -> Client:
        """Send one packet and wait until all it led to is answered."""
        client = self.client()
        client.raw(packet)
        await self.rig.settled()
        self.rig.pass_s(0.001)
        return client


FIXTURE = Fixture()
ENTRY = b'{"object_sid":"%b","object_type":"map","last_event_id":0}' % FIXTURE.map_sid()

SEEDS = [
    *(bytes([choice]) + line.replace(b"MAP", ENTRY) for line in LINES for choice in (0, CHAT_GRANT)),
    bytes([HEADER]) + KOTLIN + b"\n{}",
    bytes([PACKET]) + frame.encode(KOTLIN, b"{}"),
]
"""What clients ask."""


def one_input(data: bytes) -> None:
    """Sends one packet on a connection that was let in."""
    client = FIXTURE.loop.run_until_complete(FIXTURE.send(packet_of(data)))
    assert FIXTURE.rig.errors == []
    session: Session = client.session
    for packet in client.take():
        if "http_status" not in packet.header:
            continue
        status = packet.header["http_status"]["code"]
        assert packet.header["status"] == {"code": 200, "status": "OK"}
        assert status in (200, 201) or packet.payload["status"] == status, packet
        assert status < 500, packet
    assert session.in_flight == 0


def packet_of(data: bytes) -> bytes:
    """The packet that an input stands for."""
    choice, rest = (data[0], data[1:]) if data else (0, b"")
    if choice & PACKET:
        return rest
    line, _, payload = rest.partition(b"\n")
    if choice & HEADER:
        return frame.encode(line, payload)
    words = line.decode("utf-8", "replace").split(" ")
    method, target, if_match = (*words, "", "")[:3]
    path, _, query = target.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    request = {
        "host": "cds.us1.twilio.com",
        "path": path,
        "method": method,
        "params": {name: value for name, _, value in pairs},
        "headers": {"If-Match": if_match} if if_match else {},
    }
    header = {
        "id": "TM1",
        "method": "message",
        "active_grant": CHAT if choice & CHAT_GRANT else SYNC,
        "payload_type": "application/json",
        "http_request": request,
        "payload_size": len(payload),
    }
    return frame.encode(msgspec.json.encode(header), payload)


if __name__ == "__main__":
    fuzz(one_input, SEEDS)
