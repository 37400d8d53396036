"""The connection below Sync, as a bare Twilsock client sees it."""

import pytest

from tests.interop.bare import Bare
from tests.interop.conftest import Connect
from tests.interop.sdk import Node
from tests.interop.server import Server, until


def test_any_path_that_ends_as_the_hosted_one_is_accepted(node: Node, server: Server) -> None:
    uri = server.uri.replace("/v3/", "/behind/a/proxy/v3/")

    client = node.ask("sync", sdk=4, token=server.token(), uri=uri).result()

    client.becomes("connected")


def test_continuation_token_is_issued_and_recognised(own_server: Server, connect: Connect) -> None:
    client = connect.bare().client
    first = client.next("initialized")
    assert first["continuationTokenStatus"]["reissued"] is True
    assert first["continuationTokenStatus"]["reissue_reason"] == "MISSING"

    own_server.kill()
    own_server.start()

    again = client.next("initialized")
    assert again["continuationTokenStatus"]["reissued"] is False
    assert again["continuationToken"] == first["continuationToken"]


def test_continuation_token_of_another_identity_is_replaced(own_server: Server, connect: Connect) -> None:
    client = connect.bare("alice").client
    first = client.next("initialized")
    while client.next("stateChanged") != "connected":
        pass
    own_server.kill()
    while client.next("stateChanged") not in ("connecting", "retrying"):
        pass  # a token given before would go out as an update of the dead connection
    client.updateToken.start(own_server.token("bob"))
    own_server.start()

    again = client.next("initialized")

    assert again["continuationTokenStatus"]["reissued"] is True
    assert again["continuationTokenStatus"]["reissue_reason"] == "DIFFERENT_IDENTITY"
    assert again["continuationToken"] != first["continuationToken"]


def test_notification_context_can_be_put_and_deleted(bare: Bare) -> None:
    context = {
        "product_id": "data_sync",
        "notification_protocol_version": 4,
        "endpoint_platform": "node",
        "message_types": ["twilio.sync.event"],
    }

    bare.client.setNotificationsContext("context of the test", context)
    bare.client.next("registered")
    bare.client.removeNotificationsContext("context of the test")

    assert bare.get("/v3/Configuration").status == 200
    assert bare.client.seen("disconnected") == []


def test_client_that_says_goodbye_is_forgotten(connect: Connect, name: str) -> None:
    client, other = connect("alice"), connect("bob")
    document = client.document(name).subscribed()

    client.shutdown()
    other.document(name).set({"n": 1})

    client.becomes("disconnected")
    assert document.seen("updated") == []
    assert client.seen("connectionError") == []


@pytest.mark.parametrize("path", ["", "/", "/v2/wsconnect", "/sync/v1/Services"])
def test_client_on_the_wrong_path_leaves_one_alert_that_tells_the_right_one(
    own_server: Server, node: Node, path: str
) -> None:
    base = own_server.uri.removesuffix("/v3/wsconnect")
    client = node.ask("sync", sdk=4, token=own_server.token(), uri=base + path).result()
    client.next("connectionError")
    (alert,) = until(lambda: own_server.operator("GET", "/alerts")["alerts"], "an alert")
    assert alert["code"] == 20404
    assert f"{base}/v3/wsconnect" in alert["text"]
    assert "library" not in own_server.log.read_text()
