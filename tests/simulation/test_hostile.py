"""Hostile data is refused with its code, or reaches every subscriber as it was sent, in a readable packet.

The client refuses every packet with a raw CR or LF inside (`protocol/twilsock.md`, Writing).
"""

import asyncio
import json
from typing import Any, NamedTuple

import pytest

from tests.interop.server import Server
from tests.simulation.client import PATIENCE_S, Connection, Reply, connected
from tests.simulation.follower import establish, subscribe

KINDS = ["document", "list", "map", "stream"]
REFUSED = {(400, 54008), (413, 54006)}


class Case(NamedTuple):
    """Data, and what has to become of it; None where both refusal and delivery are right."""

    data: bytes
    error: tuple[int, int] | None = None
    delivered: bool = False


CASES = {
    "line breaks between tokens": Case(b'{\r\n"x":\n[1,\r2]\r\n, "y"\n:{}}', delivered=True),
    "line breaks around": Case(b'\r\n{"x":1}\n', delivered=True),
    "raw line break in a text": Case(b'{"x":"\n"}', error=(400, 54008)),
    "escaped line breaks": Case(b'{"x":"\\r\\n\\u000a\\u2028"}', delivered=True),
    "line separators": Case('{"x":"\u2028\u2029\x85"}'.encode(), delivered=True),
    "invalid UTF-8": Case(b'{"x":"\xff\xfe"}', error=(400, 54008)),
    "overlong UTF-8": Case(b'{"x":"\xc0\x8a"}', error=(400, 54008)),
    "surrogate in UTF-8": Case(b'{"x":"\xed\xa0\x80"}', error=(400, 54008)),
    "lone surrogate": Case(b'{"x":"\\ud800"}'),
    "duplicate keys": Case(b'{"x":1,"x":2}'),
    "depth 1,000": Case(b'{"x":' * 1000 + b"1" + b"}" * 1000),
    "depth 100": Case(b'{"x":' * 100 + b"1" + b"}" * 100, delivered=True),
    "unclosed depth": Case(b'{"data":' * 2000, error=(400, 54008)),
    "400 digits": Case(b'{"x":%b}' % (b"9" * 400)),
    "400 decimals": Case(b'{"x":0.%b1}' % (b"0" * 400)),
    "zeros and exponents": Case(b'{"x":1.000,"y":-0,"z":1E+2}', delivered=True),
    "no number": Case(b'{"x":NaN}', error=(400, 54008)),
    "two values": Case(b'{"x":1}{"y":2}', error=(400, 54008)),
}


def _sized(size: int) -> bytes:
    return b'{"x":"%b"}' % (b"y" * (size - len(b'{"x":""}')))


def _value(text: bytes) -> Any:
    """A value with its numbers as they were written, and its members in their order."""
    return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=tuple)


class Written(NamedTuple):
    """Where data of a kind goes, and what it is called in events."""

    method: str
    path: str
    member: bytes


async def _object(connection: Connection, kind: str) -> tuple[str, Written]:
    """A new object of that kind: its SID and how to write to it."""
    made = (await connection.post(f"/v3/{kind.title()}s", {})).ok(201)
    url = made["url"]
    written = {
        "document": Written("POST", url, b'"document_data":'),
        "list": Written("POST", f"{url}/Items", b'"item_data":'),
        "map": Written("PUT", f"{url}/Items/k", b'"item_data":'),
        "stream": Written("POST", f"{url}/Messages", b'"message_data":'),
    }
    return made["sid"], written[kind]


async def _write(connection: Connection, written: Written, data: bytes) -> Reply:
    return await connection.request(written.method, written.path, b'{"data":%b}' % data)


async def _delivered(connection: Connection, written: Written) -> bytes:
    """The text of the data in the next event, live or replayed."""
    async with asyncio.timeout(PATIENCE_S):
        told = await anext(connection)
    _, found, rest = told.payload.partition(written.member)
    assert found, told
    return rest.partition(b',"date_created"')[0]


async def _meet(server: Server, kind: str, case: Case) -> None:
    """Write the data, then something harmless; subscribers get both, or the second alone."""
    uri, token = server.uri, server.token()
    async with connected(uri, token) as writer, connected(uri, token) as one, connected(uri, token) as two:
        sid, written = await _object(writer, kind)
        for subscriber in (one, two):
            await subscribe(subscriber, sid, kind)

        reply = await _write(writer, written, case.data)
        if reply.status >= 400:
            assert not case.delivered, reply
            assert reply.error == case.error or (case.error is None and reply.error in REFUSED)
        else:
            assert case.error is None, reply
            if kind != "stream":  # the writer has it replayed
                await writer.send("POST", "/v4/Subscriptions", establish((sid, kind, -1)))
                _require_unchanged(await _delivered(writer, written), case.data)
            for subscriber in (one, two):
                _require_unchanged(await _delivered(subscriber, written), case.data)

        after = await _write(writer, written, b'{"after":1}')
        assert after.status in (200, 201), after
        for subscriber in (one, two):
            assert await _delivered(subscriber, written) == b'{"after":1}'


def _require_unchanged(text: bytes, data: bytes) -> None:
    if b"\r" in data or b"\n" in data:
        assert _value(text) == _value(data)
    else:
        assert text == data


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
async def test_hostile_data_is_refused_or_delivered_unchanged(
    shared_server: Server, kind: str, name: str
) -> None:
    await _meet(shared_server, kind, CASES[name])


@pytest.mark.parametrize("kind", KINDS)
async def test_data_is_bounded_to_the_byte(shared_server: Server, kind: str) -> None:
    most = 4096 if kind == "stream" else 16_384
    await _meet(shared_server, kind, Case(_sized(most), delivered=True))
    await _meet(shared_server, kind, Case(_sized(most + 1), error=(413, 54006)))


async def test_packet_beyond_the_limit_is_told_so_before_the_socket_ends(server: Server) -> None:
    async with connected(server.uri, server.token()) as connection:
        sent = await connection.send("POST", "/v3/Documents", {"data": {"x": "y" * 4_000_000}})
        await connection.gone()
    assert sent.cancelled() or sent.exception() is not None
    assert connection.closing is not None, "lost without a word"
    status, _ = connection.closing
    assert status is not None
    assert (status.code, status.error_code) == (406, 51214)
