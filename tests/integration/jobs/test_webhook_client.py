"""One attempt to deliver a webhook: what is sent, and what is made of what comes back."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from tests.support.receiver import HANG, OK, Receiver, answer
from tsock.accounts.secrets import Vault
from tsock.accounts.webhook_urls import sealed
from tsock.jobs.webhook_client import ANSWER_BYTES_MAX, WebhookClient
from tsock.settings import Settings
from tsock.webhooks.failure import Fault
from tsock.webhooks.outbox import Delivery

VAULT = Vault(b"m" * 32)
TOKEN = "0123456789abcdef0123456789abcdef"
PARAMETERS = {"EventType": "document_updated", "DocumentData": '{"text": "ü & ö + %"}', "Empty": ""}

Make = Callable[..., WebhookClient]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Makes clients that may call 127.0.0.1."""
    made: list[WebhookClient] = []

    def client(**settings: Any) -> WebhookClient:
        settings.setdefault("webhook_private_targets", ("127.0.0.1",))
        made.append(WebhookClient(Settings(**settings), VAULT, _nobody))
        return made[-1]

    yield client
    for each in made:
        await each.close()


async def _nobody(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")


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
        method="POST",
        url=sealed(VAULT, "AC1", url),
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
    assert fault.request.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert fault.request.headers["X-Twilio-Signature"] == receiver.requests[0].headers["x-twilio-signature"]
    assert "secret" not in repr(fault)


async def test_malformed_url_is_11321(make: Make) -> None:
    fault = await failed(make(), "http://a b/")

    assert (fault.code, fault.is_final, fault.request) == (11321, True, None)


# No answer.


@pytest.mark.parametrize(
    ("limits", "code", "is_final"),
    [
        ({"webhook_timeout_s": 0.05}, 11203, False),
        ({"webhook_private_targets": ()}, 11205, True),
    ],
)
async def test_failure_without_an_answer_has_its_cause_and_what_was_to_be_sent(
    make: Make, receiver: Receiver, limits: dict[str, Any], code: int, is_final: bool
) -> None:
    receiver.reply = lambda request: HANG

    fault = await failed(make(**limits), receiver.url)

    assert (fault.code, fault.is_final, fault.response) == (code, is_final, None)
    assert fault.request is not None
    assert fault.request.url == receiver.url


# Credentials in the URL.


def with_credentials(receiver: Receiver) -> str:
    return receiver.url.replace("//", "//al%40ice:s%3Acret@")


async def test_repeat_with_credentials_is_the_same_delivery(post: Post, receiver: Receiver) -> None:
    receiver.reply = lambda request: (
        OK if "authorization" in request.headers else answer(401, WWW_Authenticate="Basic")
    )
    url = with_credentials(receiver)

    assert await post(url) is None

    first, second = receiver.requests
    assert first.headers["i-twilio-idempotency-token"] == second.headers["i-twilio-idempotency-token"]
    assert RequestValidator(TOKEN).validate(url, second.form, second.headers["x-twilio-signature"])


async def test_credentials_that_do_not_help_end_in_the_refusal(make: Make, receiver: Receiver) -> None:
    receiver.reply = lambda request: answer(401, WWW_Authenticate="Basic")

    fault = await failed(make(), with_credentials(receiver))

    assert (fault.code, fault.is_final) == (11217, True)
    assert "cret" not in repr(fault)
