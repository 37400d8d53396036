"""Webhooks whose target is down, or slow, and whose server is killed (`protocol/webhooks.md`, Retries)."""

import json
import socket
import time
from typing import Any

import pytest

from tests.interop.library import Api, signature_holds_in_python
from tests.interop.receiver import Receiver
from tests.interop.server import Account, Server

QUICK_S = 10.0
"""Less than an attempt may take."""


@pytest.fixture
def api(python_api: Api) -> Api:
    return python_api


def telling(api: Api, url: str) -> Any:
    """A service that tells of what is done over REST, for changes to be made in."""
    made = api.sync.v1.services.create(webhook_url=url, webhooks_from_rest_enabled=True)
    return api.sync.v1.services(made["sid"])


def test_killed_server_delivers_what_waited_and_repeats_what_was_not_accepted(
    own_server: Server, api: Api, account: Account, receiver: Receiver
) -> None:
    service = telling(api, receiver.url)
    receiver.answers = [503]
    made = service.documents.create(data={"n": 0})
    service.documents(made["sid"]).update(data={"n": 1})  # waits behind the first
    failed = receiver.next("document_created")
    own_server.kill()
    own_server.start()

    own_server.advance(60)
    again, second = receiver.next("document_created"), receiver.next("document_updated")

    assert again.params == failed.params
    token = "i-twilio-idempotency-token"
    assert again.headers[token] == failed.headers[token] != second.headers[token]
    assert json.loads(second.params["DocumentData"]) == {"n": 1}
    for hook in (failed, again, second):
        assert signature_holds_in_python(account.auth_token, hook.signature, hook.url, hook.params)


def test_rotated_auth_token_signs_the_next_attempt(
    own_server: Server, api: Api, account: Account, receiver: Receiver
) -> None:
    receiver.answers = [503]
    telling(api, receiver.url).documents.create()
    before = receiver.next()
    fresh = account.operator("POST", "auth_token")["auth_token"]
    own_server.advance(60)
    after = receiver.next()

    assert signature_holds_in_python(account.auth_token, before.signature, before.url, before.params)
    assert signature_holds_in_python(fresh, after.signature, after.url, after.params)


def test_target_that_never_answers_slows_neither_client_nor_other_target(
    own_server: Server, api: Api, receiver: Receiver
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        stuck = telling(api, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        other = telling(api, receiver.url)
        for _ in range(20):
            stuck.documents.create()
        with silent.accept()[0]:
            started = time.monotonic()
            other.documents.create()
            receiver.next("document_created")

    assert time.monotonic() - started < QUICK_S
