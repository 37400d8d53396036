"""One request to servers good and bad, and to addresses that may not be called."""

import asyncio
import base64
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.receiver import HANG, OK, Receiver, Request, answer
from tsock.outbound.answer import RequestLimits, TargetAnswer
from tsock.outbound.client import CheckedClient
from tsock.outbound.exchange import PIECES_MAX
from tsock.outbound.network import HEAD_BYTES_MAX
from tsock.outbound.resolving import resolver
from tsock.outbound.unreachable import Unreachable
from tsock.webhooks.targets import PrivateTargets, Target

BYTES_MAX = 1000
LIMITS = RequestLimits(timeout_s=15.0, connect_timeout_s=5.0, answer_bytes_max=BYTES_MAX)
ROOMY = RequestLimits(timeout_s=15.0, connect_timeout_s=5.0, answer_bytes_max=1_000_000)
HASTE = RequestLimits(timeout_s=0.05, connect_timeout_s=5.0, answer_bytes_max=BYTES_MAX)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Make = Callable[..., CheckedClient]


class Names:
    """A name server that answers in turn what it is told, and is asked once for each connection."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        found = self.answers.pop(0)
        if isinstance(found, OSError):
            raise found
        return found


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Makes clients that may call 127.0.0.1."""
    made: list[CheckedClient] = []

    def client(
        names: Any = None, tls: Any = None, private: tuple[str, ...] = ("127.0.0.1",)
    ) -> CheckedClient:
        options = {} if tls is None else {"tls": tls}
        made.append(CheckedClient(PrivateTargets(private), names or Names(), connections_max=4, **options))
        return made[-1]

    yield client
    for each in made:
        await each.close()


async def ask(client: CheckedClient, url: str, limits: RequestLimits = LIMITS) -> TargetAnswer:
    headers = {"Content-Type": "text/plain", "X-Own": "mine"}
    return await client.request("PUT", Target.read(url), headers, b"hello", limits)


async def failed(client: CheckedClient, url: str, limits: RequestLimits = LIMITS) -> Unreachable:
    """Why there was no answer."""
    with pytest.raises(Unreachable) as caught:
        await ask(client, url, limits)
    return caught.value


# What is sent.


async def test_request_is_what_was_asked_for_under_the_host_of_the_url(
    make: Make, receiver: Receiver
) -> None:
    await ask(make(), f"{receiver.url}?tenant=7&x=%20#rc=2")

    (request,) = receiver.requests
    assert (request.method, request.path) == ("PUT", "/hook?tenant=7&x=%20")
    assert request.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "content-type": "text/plain",
        "x-own": "mine",
        "content-length": "5",
    }


async def test_connection_serves_the_next_request_too(make: Make, receiver: Receiver) -> None:
    client = make()
    for _ in range(3):
        await ask(client, receiver.url)

    assert receiver.connections == 1


# What comes back.


async def test_answer_is_told_whatever_its_status_but_for_cookies(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: answer(503, b"why not", X_Reason="because", Set_Cookie="secret=1")

    assert await ask(make(), receiver.url) == TargetAnswer(
        503, {"Content-Length": "7", "X-Reason": "because"}, b"why not", is_whole=True
    )


@pytest.mark.parametrize(("length", "is_whole"), [(BYTES_MAX, True), (BYTES_MAX + 1, False), (10**7, False)])
async def test_body_is_read_only_so_far_and_tells_whether_it_was_cut(
    make: Make, receiver: Receiver, length: int, is_whole: bool
) -> None:
    receiver.reply = lambda request: answer(200, b"x" * length)

    found = await ask(make(), receiver.url)

    assert (found.body, found.is_whole) == (b"x" * BYTES_MAX, is_whole)


async def test_headers_are_kept_only_so_far(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: answer(200, X_First="a", X_Long="x" * BYTES_MAX, X_Last="z")

    assert (await ask(make(), receiver.url)).headers == {"Content-Length": "0", "X-First": "a"}


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnever complete",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
    ],
)
async def test_status_counts_where_the_body_breaks_off(make: Make, receiver: Receiver, reply: bytes) -> None:
    receiver.reply = lambda request: reply

    found = await ask(make(), receiver.url + "#tt=100")

    assert (found.status, found.body, found.is_whole) == (200, b"", False)


@pytest.mark.parametrize(("pieces", "is_whole"), [(PIECES_MAX, True), (PIECES_MAX + 1, False)])
async def test_body_is_read_only_for_so_many_pieces(
    make: Make, receiver: Receiver, pieces: int, is_whole: bool
) -> None:
    receiver.reply = lambda request: CHUNKED + b"1\r\nx\r\n" * pieces + b"0\r\n\r\n"

    found = await ask(make(), receiver.url, ROOMY)

    assert found.is_whole is is_whole


@pytest.mark.parametrize(
    ("count", "piece"),
    [(2000, b"HTTP/1.1 100 Continue\r\n\r\n"), (PIECES_MAX, b"1\r\nx\r\n")],
    ids=["provisional", "chunks"],
)
async def test_others_have_their_turns_while_an_answer_comes_in_tiny_pieces(
    make: Make, receiver: Receiver, count: int, piece: bytes
) -> None:
    is_head = piece.startswith(b"HTTP")
    said = piece * count + OK if is_head else CHUNKED + piece * count + b"0\r\n\r\n"
    receiver.reply = lambda request: said
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(others())
    assert (await ask(make(), receiver.url, ROOMY)).is_whole
    counting.cancel()

    assert turns >= len(said) // 2048


async def test_redirect_is_not_followed(make: Make, receiver: Receiver) -> None:
    inside = Receiver()
    await inside.start()
    receiver.reply = lambda request: answer(307, Location=inside.url)

    assert (await ask(make(), receiver.url)).status == 307

    assert inside.connections == 0
    await inside.stop()


# Targets that are not there, or no servers.


async def test_refused_connection_is_11202(make: Make) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        fault = await failed(make(), f"http://127.0.0.1:{nobody.getsockname()[1]}/")

    assert (fault.code, fault.is_final) == (11202, False)


async def test_connection_that_takes_too_long_is_11201(make: Make) -> None:
    with socket.socket() as busy, socket.socket() as first:
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        first.connect(busy.getsockname())  # the queue of the listener is full now
        fault = await failed(make(), f"http://127.0.0.1:{busy.getsockname()[1]}/#ct=100")

    assert (fault.code, fault.is_final) == (11201, False)


async def test_name_without_address_is_11210(make: Make) -> None:
    names = Names(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))

    fault = await failed(make(names), "https://nowhere.example/")

    assert (fault.code, fault.is_final) == (11210, False)
    assert "nowhere.example" in fault.text


async def test_name_server_that_does_not_answer_is_11210(make: Make) -> None:
    async def silence(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    assert (await failed(make(silence), "http://slow.example/#ct=100")).code == 11210


@pytest.mark.parametrize(("limits", "fragment"), [(HASTE, ""), (LIMITS, "#rt=100"), (LIMITS, "#tt=100")])
async def test_silent_target_is_11203(
    make: Make, receiver: Receiver, limits: RequestLimits, fragment: str
) -> None:
    receiver.reply = lambda request: HANG

    fault = await failed(make(), receiver.url + fragment, limits)

    assert (fault.code, fault.is_final) == (11203, False)


@pytest.mark.parametrize(
    "reply", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 200_000]
)
async def test_target_that_does_not_speak_http_is_11206(make: Make, receiver: Receiver, reply: bytes) -> None:
    receiver.reply = lambda request: reply

    assert (await failed(make(), receiver.url)).code == 11206


async def test_answer_that_never_gets_to_its_body_is_11206(make: Make, receiver: Receiver) -> None:
    """A limit of time alone would let a target keep the server at work for all of it."""
    receiver.reply = lambda request: b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000 + OK

    fault = await failed(make(), receiver.url)

    assert (fault.code, fault.is_final) == (11206, False)
    assert f"{HEAD_BYTES_MAX} bytes before its body" in fault.text


async def test_target_that_closes_without_an_answer_is_11205(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: b""
    receiver.closes = True

    fault = await failed(make(), receiver.url)

    assert (fault.code, fault.is_final) == (11205, False)


async def test_second_address_is_tried_where_the_first_refuses(make: Make, receiver: Receiver) -> None:
    names = Names(["127.0.0.2", "127.0.0.1"])
    client = make(names, private=("127.0.0.0/8",))

    assert (await ask(client, f"http://two.example:{receiver.port}/")).status == 200


# TLS.


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


Tls = Callable[..., Awaitable[Receiver]]


@pytest.fixture
async def serve_tls(authority: Authority) -> AsyncIterator[Tls]:
    servers: list[Receiver] = []

    async def start(*names: str, **options: bool) -> Receiver:
        servers.append(Receiver())
        await servers[-1].start(authority.serve(*names, **options))
        return servers[-1]

    yield start
    for server in servers:
        await server.stop()


async def test_certificate_is_judged_by_the_name_in_the_url(
    make: Make, authority: Authority, serve_tls: Tls
) -> None:
    server = await serve_tls("hooks.example")
    url = f"https://hooks.example:{server.port}/hook"
    client = make(Names(["127.0.0.1"]), authority.trust)

    assert (await ask(client, url)).status == 200

    (request,) = server.requests
    assert request.headers["host"] == f"hooks.example:{server.port}"


async def test_certificate_of_another_name_is_11235(make: Make, authority: Authority, serve_tls: Tls) -> None:
    server = await serve_tls("other.example")
    names = Names(["127.0.0.1"], ["127.0.0.1"])

    assert (await failed(make(names, authority.trust), f"https://hooks.example:{server.port}/")).code == 11235
    assert (await failed(make(names, authority.trust), server.url)).code == 11235
    assert server.requests == []


async def test_expired_certificate_is_11236(make: Make, authority: Authority, serve_tls: Tls) -> None:
    server = await serve_tls("127.0.0.1", expired=True)

    assert (await failed(make(tls=authority.trust), server.url)).code == 11236


async def test_certificate_of_an_unknown_authority_is_11237(make: Make, serve_tls: Tls) -> None:
    server = await serve_tls("127.0.0.1")

    fault = await failed(make(), server.url)

    assert (fault.code, fault.is_final) == (11237, False)
    assert server.requests == []


async def test_tls_to_a_server_without_it_is_11220(make: Make, receiver: Receiver) -> None:
    assert (await failed(make(), receiver.url.replace("http:", "https:") + "#ct=100")).code == 11220


# Addresses that may not be called.


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "0.0.0.0", "[::]"],
)
async def test_private_address_is_refused_and_never_connected_to(
    make: Make, receiver: Receiver, host: str
) -> None:
    fault = await failed(make(private=()), f"http://{host}:{receiver.port}/")

    assert (fault.code, fault.is_final) == (11205, True)
    assert "webhook_private_targets" in fault.text
    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost"])
async def test_address_in_disguise_is_refused(make: Make, receiver: Receiver, host: str) -> None:
    """What the system takes for a name of 127.0.0.1."""
    with ThreadPoolExecutor(1) as threads:
        client = make(resolver(threads), private=())
        fault = await failed(client, f"http://{host}:{receiver.port}/")

    assert (fault.code, fault.is_final) == (11205, True)
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["203.0.113.7", "127.0.0.1"], ["1.1.1.1", "169.254.169.254"], ["fe80::1%lo"]]
)
async def test_name_with_any_private_address_is_refused(
    make: Make, receiver: Receiver, found: list[str]
) -> None:
    client = make(Names(found), private=())

    assert (await failed(client, f"http://hooks.example:{receiver.port}/")).code == 11205
    assert receiver.connections == 0


async def test_name_that_changes_its_address_is_checked_for_every_connection(
    make: Make, receiver: Receiver
) -> None:
    """An answer that was permitted says nothing about the next one (DNS rebinding)."""
    receiver.closes = True
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    client = make(names)
    url = f"http://hooks.example:{receiver.port}/"

    assert (await ask(client, url)).status == 200
    assert (await failed(client, url)).code == 11205

    assert names.asked == [("hooks.example", receiver.port)] * 2


async def test_address_that_was_checked_is_the_one_that_is_connected_to(
    make: Make, receiver: Receiver
) -> None:
    """The name is not resolved again: nobody but the test knows it."""
    names = Names(["127.0.0.1"])

    assert (await ask(make(names), f"http://hooks.invalid:{receiver.port}/")).status == 200

    assert len(names.asked) == 1
    assert receiver.requests[0].headers["host"] == f"hooks.invalid:{receiver.port}"


async def test_host_can_be_allowed_by_its_name(make: Make, receiver: Receiver) -> None:
    client = make(Names(["127.0.0.1"]), private=("hooks.internal",))

    assert (await ask(client, f"http://hooks.internal:{receiver.port}/")).status == 200


# Credentials in the URL.


def with_credentials(receiver: Receiver) -> str:
    return receiver.url.replace("//", "//al%40ice:s%3Acret@")


async def test_basic_credentials_are_sent_once_they_are_asked_for(make: Make, receiver: Receiver) -> None:
    expected = "Basic " + base64.b64encode(b"al@ice:s:cret").decode()

    def reply(request: Request) -> bytes:
        if request.headers.get("authorization") == expected:
            return OK
        return answer(401, WWW_Authenticate='Basic realm="hooks"')

    receiver.reply = reply

    assert (await ask(make(), with_credentials(receiver))).status == 200

    first, second = receiver.requests
    assert second.headers == {**first.headers, "authorization": expected}


async def test_digest_credentials_are_sent_once_they_are_asked_for(make: Make, receiver: Receiver) -> None:
    challenge = 'Digest realm="hooks", qop="auth", nonce="n1", algorithm=SHA-256'
    receiver.reply = lambda request: (
        OK if "authorization" in request.headers else answer(401, WWW_Authenticate=challenge)
    )

    assert (await ask(make(), with_credentials(receiver))).status == 200

    sent = receiver.requests[1].headers["authorization"]
    assert sent.startswith("Digest ")
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', sent))
    assert (fields["username"], fields["uri"], fields["nonce"]) == ("al@ice", "/hook", "n1")


@pytest.mark.parametrize(
    "challenge", ["Basic", "Digest nonsense", 'Digest realm="r", nonce="n", qop="x"', "NTLM", ""]
)
async def test_credentials_that_do_not_help_end_in_the_refusal(
    make: Make, receiver: Receiver, challenge: str
) -> None:
    receiver.reply = lambda request: answer(401, WWW_Authenticate=challenge)

    assert (await ask(make(), with_credentials(receiver))).status == 401
    assert len(receiver.requests) == (2 if challenge == "Basic" else 1)


async def test_second_request_that_is_not_answered_leaves_no_answer(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: (
        HANG if "authorization" in request.headers else answer(401, WWW_Authenticate="Basic")
    )

    assert (await failed(make(), with_credentials(receiver) + "#tt=100")).code == 11203


async def test_without_credentials_a_challenge_is_the_answer(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: answer(401, WWW_Authenticate="Basic")

    assert (await ask(make(), receiver.url)).status == 401
    assert len(receiver.requests) == 1
