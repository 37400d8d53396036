"""The life of an Access Token as the SDK shows it: warned, refreshed, expired."""

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import SdkError, SdkObject
from tests.interop.server import Server

STAYED = ["connecting", "connected"]
"""The states of a client that connected and was never disturbed."""


def _works(client: SdkObject, name: str) -> bool:
    return client.document(name).sid.startswith("ET")


def test_client_with_a_good_token_connects(connect: Connect) -> None:
    client = connect()

    client.becomes("connected")

    assert client.seen("connectionStateChanged") == STAYED
    assert client.seen("connectionError") == []


@pytest.mark.filterwarnings("ignore:The HMAC key is 32 bytes long")  # as the secrets of API keys are
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_every_hmac_algorithm_is_accepted(server: Server, connect: Connect, algorithm: str) -> None:
    connect(token=server.account.signed(algorithm=algorithm)).becomes("connected")


def test_token_of_the_greatest_lifetime_is_accepted(server: Server, connect: Connect) -> None:
    connect(token=server.token(ttl_s=86400)).becomes("connected")


def test_token_that_starts_within_the_skew_is_accepted(server: Server, connect: Connect) -> None:
    connect(token=server.account.token(starts_s=30)).becomes("connected")


def test_client_is_warned_three_minutes_before_expiry(server: Server, connect: Connect, name: str) -> None:
    client = connect(token=server.token(ttl_s=3600))
    assert _works(client, name)

    server.advance(3600 - 185)
    assert _works(client, f"{name} before")
    assert client.seen("tokenAboutToExpire") == []
    server.advance(10)

    client.next("tokenAboutToExpire")
    assert client.seen("connectionStateChanged") == STAYED
    assert client.seen("tokenExpired") == []


def test_refreshed_client_stays_connected_and_is_warned_again(
    server: Server, connect: Connect, name: str
) -> None:
    client = connect(token=server.token(ttl_s=3600))
    assert _works(client, name)

    for round_number in range(3):
        server.advance(3600 - 175)
        client.next("tokenAboutToExpire")
        client.updateToken(server.token(ttl_s=3600))
        assert _works(client, f"{name} {round_number}")

    assert client.seen("tokenExpired") == []
    assert client.seen("connectionError") == []
    assert set(client.seen("connectionStateChanged")) == set(STAYED)
    assert client.seen("connectionStateChanged")[:2] == STAYED


def test_client_that_ignores_the_warning_expires_and_comes_back_with_a_new_token(
    server: Server, connect: Connect, name: str
) -> None:
    client = connect(token=server.token(ttl_s=600))
    seen = client.document(name).subscribed()

    server.advance(600)
    client.next("tokenExpired")
    client.becomes("disconnected")
    other = connect("bob").document(name)
    other.set({"n": 1})
    client.updateToken(server.token(ttl_s=600))

    client.becomes("connected")
    assert seen.next("updated")["data"] == {"n": 1}
    assert client.seen("connectionError") == []


@pytest.mark.settings(token_expiry="drop")
def test_client_dropped_at_expiry_is_denied_and_refreshes_in_the_handler(
    own_server: Server, connect: Connect, name: str
) -> None:
    """The friendly form: no `close` packet, so that the SDK reconnects and learns why it may not."""
    client = connect(token=own_server.token(ttl_s=600))
    assert _works(client, name)

    own_server.advance(600)
    client.next("tokenExpired")
    client.updateToken(own_server.token(ttl_s=600))

    client.becomes("connected")
    assert _works(client, f"{name} after")


def test_short_token_is_warned_of_soon_but_not_at_once(server: Server, connect: Connect, name: str) -> None:
    client = connect(token=server.token(ttl_s=60))
    assert _works(client, name)
    assert client.seen("tokenAboutToExpire") == []

    server.advance(11)

    client.next("tokenAboutToExpire")


def test_hour_forward_drops_no_connection_whose_token_lasts(
    server: Server, connect: Connect, name: str
) -> None:
    client = connect(token=server.token(ttl_s=86400))
    assert _works(client, name)

    server.advance(3600)

    assert _works(client, f"{name} after")
    assert client.seen("connectionStateChanged") == STAYED
    assert client.seen("tokenAboutToExpire") == []


def test_refresh_with_an_earlier_expiry_counts(server: Server, connect: Connect, name: str) -> None:
    client = connect(token=server.token(ttl_s=86400))
    assert _works(client, name)
    client.updateToken(server.token(ttl_s=600))

    server.advance(600)

    client.next("tokenExpired")


def _refused_update(client: SdkObject, token: str) -> SdkError:
    with pytest.raises(SdkError) as refused:
        client.updateToken(token)
    client.becomes("denied")
    return refused.value


def test_refresh_for_another_identity_is_refused(server: Server, connect: Connect) -> None:
    client = connect("alice")
    client.becomes("connected")

    refusal = _refused_update(client, server.token("mallory"))

    assert (refusal.status, refusal.code) == (400, 51130)
    error = client.next("connectionError")
    assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (True, 401, 51215)
    assert client.seen("tokenExpired") == []


def test_refresh_with_an_expired_token_is_refused_as_expired(server: Server, connect: Connect) -> None:
    client = connect()
    client.becomes("connected")

    _refused_update(client, server.token(ttl_s=-60))

    client.next("tokenExpired")
    assert client.next("connectionError")["errorCode"] == 20104


def test_refresh_with_garbage_is_refused(server: Server, connect: Connect) -> None:
    client = connect()
    client.becomes("connected")

    refusal = _refused_update(client, "garbage")

    assert (refusal.status, refusal.code) == (400, 51130)
    assert client.next("connectionError")["errorCode"] == 20101


def test_denied_client_connects_with_a_good_token(server: Server, connect: Connect, name: str) -> None:
    client = connect(token="garbage")
    client.becomes("denied")

    client.updateToken(server.token())

    client.becomes("connected")
    assert _works(client, name)
