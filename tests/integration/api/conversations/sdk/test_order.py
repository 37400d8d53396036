"""In which order a client that was away hears what became of its conversations."""

from typing import Any

import pytest

from tests.support.chatter import Chatter
from tests.support.rig import Rig


async def establish(chatter: Chatter, *objects: tuple[str, str, int]) -> dict[str, str]:
    """Follow objects of these types and SIDs from behind these events; the status of each replay."""
    requests = [
        {"object_sid": sid, "object_type": kind, "last_event_id": last} for kind, sid, last in objects
    ]
    batch = {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": requests}
    await chatter.ask("POST", "/v4/Subscriptions", batch)
    told = [payload for _, payload in chatter.client.notifications()]
    return {
        entry["object_sid"]: entry["replay_status"]
        for payload in told
        if payload["event_type"] == "subscription_established"
        for entry in payload["events"]
    }


@pytest.mark.settings(sync_replay_events_max=1)
async def test_nothing_of_a_conversation_is_followed_before_the_list_was_read(
    rig: Rig, alice: Chatter, bob: Chatter
) -> None:
    paths = [await alice.conversation("bob") for _ in range(3)]
    document: Any = (await bob.ask("GET", f"/v3/Documents/{paths[0].rpartition('/')[2]}.channel")).body
    listed = bob.configuration["sync_objects"]["my_conversations"]
    own = (await bob.ask("GET", f"/v3/Maps/{listed}")).body["sid"]
    wanted = (("map", own, 0), ("document", document["sid"], document["last_event_id"]))

    assert await establish(bob, *wanted) == {own: "interrupted", document["sid"]: "interrupted"}
    assert (await alice.delete(paths[0])).status == 204
    await rig.settled()
    assert bob.client.notifications() == []  # its end would come ahead of its removal from the list
