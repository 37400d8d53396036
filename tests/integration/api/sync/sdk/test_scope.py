"""Whom a webhook names for a change made through the socket."""

import pytest

from tests.conftest import rig
from tests.support.hooks import URL, endpoint_id, rows, token_of, told, wants
from tests.support.rig import Client, Rig

__all__ = ["rig"]


async def endpoint_of_a_change(rig: Rig, client: Client) -> str | None:
    """Which endpoint a change made by this client is said to come from."""
    assert (await client.request("POST", "/v3/Documents", {})).status == 201
    ((event_type, identity, endpoint),) = await told(rig)
    assert (event_type, identity) == ("document_created", "alice")
    return endpoint


async def test_change_is_told_at_the_url_of_its_service(rig: Rig) -> None:
    await wants(rig, webhook_url=URL)
    sid = (await rig.connect("alice").request("POST", "/v3/Maps", {})).body["sid"]
    ((topic, url, parameters),) = await rows(rig)
    assert (topic, url, parameters["MapSid"]) == (sid, URL, sid)
    await wants(rig, webhook_url=None)
    await rig.connect("alice").request("POST", "/v3/Maps", {})
    assert await rows(rig) == []


async def test_refused_change_is_not_told(rig: Rig) -> None:
    await wants(rig, webhook_url=URL, acl_enabled=True)
    name = {"unique_name": "players"}
    await rig.connect("alice").request("POST", "/v3/Maps", name)
    await told(rig)
    bob = rig.connect("bob")
    assert (await bob.request("PUT", "/v3/Maps/players/Items/k", {"data": {}})).status == 403
    assert (await bob.request("POST", "/v3/Maps", name)).status == 409
    assert await told(rig) == []


async def test_endpoint_is_the_one_of_the_continuation_token(rig: Rig) -> None:
    await wants(rig, webhook_url=URL)
    client = rig.open()
    kept = client.init(rig.token("alice")).header["continuation_token"]
    assert await endpoint_of_a_change(rig, client) == endpoint_id(kept)
    again = rig.open()
    again.init(rig.token("alice"), continuation_token=kept)
    assert await endpoint_of_a_change(rig, again) == endpoint_id(kept)


@pytest.mark.parametrize("first", [None, "phone"])
async def test_endpoint_that_the_grant_names_comes_first_and_may_change(rig: Rig, first: str | None) -> None:
    await wants(rig, webhook_url=URL)
    client = rig.open()
    kept = client.init(token_of(rig, "alice", first)).header["continuation_token"]
    assert await endpoint_of_a_change(rig, client) == (first or endpoint_id(kept))
    client.update(token_of(rig, "alice", "tablet"))
    assert await endpoint_of_a_change(rig, client) == "tablet"
