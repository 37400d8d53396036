"""Limits as the SDK meets them: it is told, waits, and gets through."""

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import SdkObject
from tests.interop.server import Server

BRIEF = {"backoff_ms_min": 300, "backoff_ms_max": 600}
"""A back-off that the tests need not wait long for."""


def _held_back(client: SdkObject, code: int) -> None:
    """The client was told to come again later, and does."""
    error = client.next("connectionError")
    assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (False, 429, code)
    assert "denied" not in client.seen("connectionStateChanged")


@pytest.mark.one_node
@pytest.mark.settings(connections_per_identity_max=1, **BRIEF)
def test_connection_too_many_of_an_identity_waits_for_its_turn(connect: Connect, own_server: Server) -> None:
    first = connect("alice")
    first.becomes("connected")
    connect("bob").becomes("connected")

    second = connect("alice")
    _held_back(second, 51001)
    first.shutdown()

    second.becomes("connected")


@pytest.mark.one_node
@pytest.mark.settings(connections_per_account_max=1, **BRIEF)
def test_connection_too_many_of_an_account_waits_for_its_turn(connect: Connect, own_server: Server) -> None:
    first = connect("alice")
    first.becomes("connected")

    second = connect("bob")
    _held_back(second, 51124)
    first.shutdown()

    second.becomes("connected")


@pytest.mark.settings(connects_per_account_per_s=1, **BRIEF)
def test_connects_too_fast_for_an_account_are_spread(connect: Connect, own_server: Server) -> None:
    clients = [connect(f"user {n}") for n in range(4)]

    for client in clients:
        client.becomes("connected")

    refused = [error for client in clients for error in client.seen("connectionError")]
    assert refused
    assert {(error["terminal"], error["errorCode"]) for error in refused} == {(False, 51201)}


@pytest.mark.settings(connects_per_node_per_s=1, **BRIEF)
def test_connects_too_fast_for_the_server_are_spread(connect: Connect, own_server: Server) -> None:
    clients = [connect(f"user {n}") for n in range(4)]

    for client in clients:
        client.becomes("connected")

    refused = [error for client in clients for error in client.seen("connectionError")]
    assert {(error["terminal"], error["errorCode"]) for error in refused} == {(False, 51202)}


@pytest.mark.one_node
@pytest.mark.settings(failures_per_address_per_s=1, failures_per_address_burst=2, **BRIEF)
def test_failed_tokens_too_fast_from_an_address_are_held_back(connect: Connect, own_server: Server) -> None:
    clients = [connect(token="garbage") for _ in range(4)]

    for client in clients:
        client.becomes("denied")

    held_back = [
        error for client in clients for error in client.seen("connectionError") if not error["terminal"]
    ]
    assert held_back
    assert {(error["httpStatusCode"], error["errorCode"]) for error in held_back} == {(429, 51202)}


@pytest.mark.settings(requests_per_connection_per_s=20)
def test_requests_too_fast_for_a_connection_are_refused_one_by_one(
    connect: Connect, own_server: Server
) -> None:
    bare = connect.bare()

    replies = [bare.reply(sent) for sent in [bare.start("get", "/v3/Configuration") for _ in range(200)]]

    refused = [reply for reply in replies if reply.status != 200]
    assert refused
    assert {reply.error for reply in refused} == {(429, 51128)}
    assert bare.client.seen("disconnected") == []


@pytest.mark.settings(requests_per_account_per_s=20)
def test_requests_too_fast_for_an_account_are_refused_one_by_one(
    connect: Connect, own_server: Server
) -> None:
    bare = connect.bare()

    replies = [bare.reply(sent) for sent in [bare.start("get", "/v3/Configuration") for _ in range(200)]]

    refused = [reply for reply in replies if reply.status != 200]
    assert refused
    assert {reply.error for reply in refused} == {(429, 51129)}


@pytest.mark.settings(profile="twilio")
def test_throttled_read_is_repeated_by_the_sdk(connect: Connect, own_server: Server, name: str) -> None:
    """The bare client has used up the reads of the document when the SDK opens it."""
    bare, alice = connect.bare("carol"), connect("alice")
    bare.post("/v3/Documents", {"unique_name": name, "data": {}}).ok(201)

    replies = [bare.reply(sent) for sent in [bare.start("get", f"/v3/Documents/{name}") for _ in range(400)]]
    document = alice.document({"id": name, "mode": "open_existing"})

    refused = [reply for reply in replies if reply.status != 200]
    assert refused
    assert {reply.error for reply in refused} == {(429, 54009)}
    assert document.properties["uniqueName"] == name


@pytest.mark.settings(profile="twilio")
def test_throttled_write_is_reported_by_the_sdk(connect: Connect, own_server: Server, name: str) -> None:
    bare = connect.bare()
    messages = bare.post("/v3/Streams", {}).ok(201)["links"]["messages"]

    replies = [
        bare.reply(sent) for sent in [bare.start("post", messages, {}, {"data": {}}) for _ in range(500)]
    ]

    refused = [reply for reply in replies if reply.status != 201]
    assert refused
    assert {reply.error for reply in refused} == {(429, 54009)}


@pytest.mark.settings(updates_per_connection_per_min=1, **BRIEF)
def test_tokens_refreshed_too_often_make_the_client_reconnect(connect: Connect, own_server: Server) -> None:
    client = connect()
    client.becomes("connected")
    client.updateToken(own_server.token(ttl_s=4000))

    client.updateToken.start(own_server.token(ttl_s=5000))

    _held_back(client, 51125)
    client.becomes("connected")


@pytest.mark.settings(store_waiting_max=1)
def test_write_that_the_store_has_no_room_for_is_repeated_by_the_sdk(
    connect: Connect, own_server: Server, name: str
) -> None:
    bare, alice = connect.bare(), connect()
    url = bare.post("/v3/Documents", {"unique_name": name, "data": {}}).ok(201)["url"]
    document = alice.document(name)

    sent = [bare.start("post", url, {}, {"data": {"n": n}}) for n in range(300)]
    document.set({"n": "last"})
    refused = [reply for reply in map(bare.reply, sent) if reply.status != 200]

    assert refused
    assert {reply.error for reply in refused} == {(503, 20503)}
    assert bare.get(url).status == 200
