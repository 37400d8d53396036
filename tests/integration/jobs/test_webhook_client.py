"""One attempt to deliver a webhook: to servers good and bad, and to addresses that may not be called."""

import asyncio
import base64
import re
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from tests.support.certificates import Authority
from tests.support.receiver import HANG, OK, Receiver, Request, answer
from tsock.outbound.client import ANSWER_BYTES_MAX, WebhookClient
from tsock.outbound.network import resolver
from tsock.settings import Settings
from tsock.webhooks.failure import Fault
from tsock.webhooks.outbox import Delivery

TOKEN = "0123456789abcdef0123456789abcdef"
PARAMETERS = {"EventType": "document_updated", "DocumentData": '{"text": "ü & ö + %"}', "Empty": ""}

Make = Callable[..., WebhookClient]


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
    made: list[WebhookClient] = []

    def client(names: Any = None, tls: Any = None, **settings: Any) -> WebhookClient:
        settings.setdefault("webhook_private_targets", ("127.0.0.1",))
        options = {} if tls is None else {"tls": tls}
        made.append(WebhookClient(Settings(**settings), names or Names(), **options))
        return made[-1]

    yield client
    for each in made:
        await each.close()


def to(url: str, parameters: dict[str, str] = PARAMETERS) -> Delivery:
    return Delivery(
        number=1,
        sid="WD" + "a1" * 16,
        account_sid="AC1",
        service_sid="IS1",
        kind="sync",
        event_type="document_updated",
        topic="ET1",
        lane="",
        is_first=True,
        created_ms=0,
        next_ms=0,
        attempts=0,
        failing_since_ms=None,
        given_up_ms=None,
        failure_code=None,
        failure=None,
        url=url,
        parameters=parameters,
    )


Post = Callable[..., Awaitable[Fault | None]]


@pytest.fixture
def post(make: Make) -> Post:
    client = make()

    async def attempt(url: str) -> Fault | None:
        return await client.post(to(url), TOKEN.encode())

    return attempt


async def failed(client: WebhookClient, url: str) -> Fault:
    """The fault of an attempt that must fail."""
    fault = await client.post(to(url), TOKEN.encode())
    assert fault is not None
    return fault


# What is sent.


async def test_request_is_a_form_that_the_official_validator_accepts(post: Post, receiver: Receiver) -> None:
    url = f"{receiver.url}?tenant=7&x=%20"

    assert await post(f"{url}#rc=2") is None

    (request,) = receiver.requests
    assert (request.method, request.path, request.form) == ("POST", "/hook?tenant=7&x=%20", PARAMETERS)
    headers = request.headers
    assert RequestValidator(TOKEN).validate(url, request.form, headers["x-twilio-signature"])
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert (headers["user-agent"], headers["accept"]) == ("TwilioProxy/1.1", "*/*")
    assert "authorization" not in headers


async def test_idempotency_token_is_a_uuid_and_the_same_at_every_attempt(
    post: Post, receiver: Receiver
) -> None:
    for _ in range(2):
        await post(receiver.url)

    first, second = (request.headers["i-twilio-idempotency-token"] for request in receiver.requests)
    assert first == second == str(uuid.UUID(first))
    assert uuid.UUID(first).version == 4


async def test_connection_serves_the_next_delivery_too(post: Post, receiver: Receiver) -> None:
    for _ in range(3):
        assert await post(receiver.url) is None

    assert receiver.connections == 1


# What comes back.


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_success(post: Post, receiver: Receiver, status: int) -> None:
    receiver.reply = lambda request: answer(status)

    assert await post(receiver.url) is None


@pytest.mark.parametrize(
    ("status", "code", "is_final"),
    [
        (301, 11216, True),
        (302, 11216, True),
        (304, 11216, True),
        (400, 11217, True),
        (401, 11217, True),
        (404, 11217, True),
        (410, 11217, True),
        (429, 11217, False),
        (500, 11217, False),
        (503, 11217, False),
        (599, 11217, False),
    ],
)
async def test_other_statuses_fail_and_only_some_are_worth_another_attempt(
    make: Make, receiver: Receiver, status: int, code: int, is_final: bool
) -> None:
    receiver.reply = lambda request: answer(status, b"why not", X_Reason="because", Set_Cookie="secret=1")

    fault = await failed(make(), receiver.url)

    assert (fault.code, fault.is_final) == (code, is_final)
    assert str(status) in fault.text
    assert fault.response is not None
    assert (fault.response.status, fault.response.body) == (status, "" if status == 304 else "why not")
    assert fault.response.headers["X-Reason"] == "because"
    assert "Set-Cookie" not in fault.response.headers


@pytest.mark.parametrize(
    ("header", "wait_s"), [("7", 7), ("0", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-1", 0), ("9" * 30, 0)]
)
async def test_target_may_ask_to_be_spared_for_some_seconds(
    make: Make, receiver: Receiver, header: str, wait_s: int
) -> None:
    receiver.reply = lambda request: answer(429, Retry_After=header)

    assert (await failed(make(), receiver.url)).retry_after_s == wait_s


async def test_endless_answer_is_read_only_so_far(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: answer(500, b"x" * 10_000_000)

    fault = await failed(make(), receiver.url)

    assert fault.response is not None
    assert fault.response.body == "x" * ANSWER_BYTES_MAX


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnever complete",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
    ],
)
async def test_delivery_is_accepted_whatever_becomes_of_the_body(
    make: Make, receiver: Receiver, reply: bytes
) -> None:
    receiver.reply = lambda request: reply

    assert await make(webhook_timeout_s=0.2).post(to(receiver.url), TOKEN.encode()) is None


async def test_failure_tells_what_was_sent_without_credentials(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: answer(500)

    fault = await failed(make(), receiver.url.replace("//", "//user:secret@") + "?x=1#ct=500")

    assert fault.request is not None
    assert fault.request.url == f"{receiver.url}?x=1"
    assert (fault.request.method, fault.request.parameters) == ("POST", PARAMETERS)
    assert fault.request.headers["X-Twilio-Signature"] == receiver.requests[0].headers["x-twilio-signature"]
    assert "secret" not in repr(fault)


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


@pytest.mark.parametrize(
    ("limits", "fragment"),
    [({"webhook_timeout_s": 0.05}, ""), ({}, "#rt=100"), ({}, "#tt=100")],
)
async def test_silent_target_is_11203(
    make: Make, receiver: Receiver, limits: dict[str, float], fragment: str
) -> None:
    receiver.reply = lambda request: HANG

    fault = await failed(make(**limits), receiver.url + fragment)

    assert (fault.code, fault.is_final, fault.response) == (11203, False, None)


@pytest.mark.parametrize(
    "reply", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 200_000]
)
async def test_target_that_does_not_speak_http_is_11206(make: Make, receiver: Receiver, reply: bytes) -> None:
    receiver.reply = lambda request: reply

    assert (await failed(make(), receiver.url)).code == 11206


async def test_target_that_closes_without_an_answer_is_11205(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: b""
    receiver.closes = True

    fault = await failed(make(), receiver.url)

    assert (fault.code, fault.is_final) == (11205, False)


async def test_malformed_url_is_11321(make: Make) -> None:
    fault = await failed(make(), "http://a b/")

    assert (fault.code, fault.is_final, fault.request) == (11321, True, None)


async def test_second_address_is_tried_where_the_first_refuses(make: Make, receiver: Receiver) -> None:
    names = Names(["127.0.0.2", "127.0.0.1"])
    client = make(names, webhook_private_targets=("127.0.0.0/8",))

    assert await client.post(to(f"http://two.example:{receiver.port}/"), TOKEN.encode()) is None


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

    assert await client.post(to(url), TOKEN.encode()) is None

    (request,) = server.requests
    assert request.headers["host"] == f"hooks.example:{server.port}"
    assert RequestValidator(TOKEN).validate(url, request.form, request.headers["x-twilio-signature"])


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
    fault = await failed(make(webhook_private_targets=()), f"http://{host}:{receiver.port}/")

    assert (fault.code, fault.is_final) == (11205, True)
    assert "webhook_private_targets" in fault.text
    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost"])
async def test_address_in_disguise_is_refused(make: Make, receiver: Receiver, host: str) -> None:
    """What the system takes for a name of 127.0.0.1."""
    with ThreadPoolExecutor(1) as threads:
        client = make(resolver(threads), webhook_private_targets=())
        fault = await failed(client, f"http://{host}:{receiver.port}/")

    assert (fault.code, fault.is_final) == (11205, True)
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["203.0.113.7", "127.0.0.1"], ["1.1.1.1", "169.254.169.254"], ["fe80::1%lo"]]
)
async def test_name_with_any_private_address_is_refused(
    make: Make, receiver: Receiver, found: list[str]
) -> None:
    client = make(Names(found), webhook_private_targets=())

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

    assert await client.post(to(url), TOKEN.encode()) is None
    assert (await failed(client, url)).code == 11205

    assert names.asked == [("hooks.example", receiver.port)] * 2


async def test_address_that_was_checked_is_the_one_that_is_connected_to(
    make: Make, receiver: Receiver
) -> None:
    """The name is not resolved again: nobody but the test knows it."""
    names = Names(["127.0.0.1"])

    assert await make(names).post(to(f"http://hooks.invalid:{receiver.port}/"), TOKEN.encode()) is None

    assert len(names.asked) == 1
    assert receiver.requests[0].headers["host"] == f"hooks.invalid:{receiver.port}"


async def test_host_can_be_allowed_by_its_name(make: Make, receiver: Receiver) -> None:
    client = make(Names(["127.0.0.1"]), webhook_private_targets=("hooks.internal",))

    assert await client.post(to(f"http://hooks.internal:{receiver.port}/"), TOKEN.encode()) is None


async def test_redirect_is_not_followed(post: Post, receiver: Receiver) -> None:
    inside = Receiver()
    await inside.start()
    receiver.reply = lambda request: answer(307, Location=inside.url)

    fault = await post(receiver.url)

    assert fault is not None
    assert fault.code == 11216
    assert inside.connections == 0
    await inside.stop()


# Credentials in the URL.


def with_credentials(receiver: Receiver) -> str:
    return receiver.url.replace("//", "//al%40ice:s%3Acret@")


async def test_basic_credentials_are_sent_once_they_are_asked_for(post: Post, receiver: Receiver) -> None:
    expected = "Basic " + base64.b64encode(b"al@ice:s:cret").decode()

    def reply(request: Request) -> bytes:
        if request.headers.get("authorization") == expected:
            return OK
        return answer(401, WWW_Authenticate='Basic realm="hooks"')

    receiver.reply = reply

    assert await post(with_credentials(receiver)) is None

    first, second = receiver.requests
    assert "authorization" not in first.headers
    assert first.headers["i-twilio-idempotency-token"] == second.headers["i-twilio-idempotency-token"]
    url = with_credentials(receiver)
    assert RequestValidator(TOKEN).validate(url, second.form, second.headers["x-twilio-signature"])


async def test_digest_credentials_are_sent_once_they_are_asked_for(post: Post, receiver: Receiver) -> None:
    challenge = 'Digest realm="hooks", qop="auth", nonce="n1", algorithm=SHA-256'
    receiver.reply = lambda request: (
        OK if "authorization" in request.headers else answer(401, WWW_Authenticate=challenge)
    )

    assert await post(with_credentials(receiver)) is None

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

    fault = await failed(make(), with_credentials(receiver))

    assert (fault.code, fault.is_final) == (11217, True)
    assert len(receiver.requests) == (2 if challenge == "Basic" else 1)
    assert "cret" not in repr(fault)


async def test_without_credentials_a_challenge_is_the_answer(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: answer(401, WWW_Authenticate="Basic")

    assert (await failed(make(), receiver.url)).code == 11217
    assert len(receiver.requests) == 1
