"""Permissions of a service that are switched on while many follow its objects."""

import asyncio
from typing import Any

import pytest

from tests.support.rig import Client, Rig
from tsock.accounts.caller import SYNC
from tsock.accounts.services import ServiceChange, change_service
from tsock.api.sync.sdk import withdrawal
from tsock.sync.services import ServiceOptions, update_service


@pytest.fixture
async def followers(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """Nine who follow a map of somebody else; three are looked at in a turn."""
    monkeypatch.setattr(withdrawal, "SIDS_PER_TURN", 3)
    owner = rig.connect("owner")
    sid = (await owner.request("POST", "/v3/Maps", {})).body["sid"]
    entry = {"object_sid": sid, "object_type": "map", "last_event_id": -1}
    batch = {"action": "establish", "correlation_id": 1, "requests": [entry]}
    clients = [rig.connect(f"follower {number}") for number in range(9)]
    for client in clients:
        await client.request("POST", "/v4/Subscriptions", batch)
    assert following(clients) == 9
    return clients


async def set_acl(rig: Rig, *, on: bool) -> None:
    await rig.do(
        update_service, rig.vault, rig.made.account_sid, SYNC, "default", ServiceOptions(acl_enabled=on)
    )


def following(clients: list[Client]) -> int:
    return sum(bool(client.session.subscriptions) for client in clients)


async def test_connections_are_looked_at_a_few_in_a_turn(rig: Rig, followers: list[Client]) -> None:
    switching = asyncio.create_task(set_acl(rig, on=True))
    seen = [following(followers)]
    while seen[-1]:
        await asyncio.sleep(0)  # one turn
        seen.append(following(followers))
    assert sorted(set(seen)) == [0, 3, 6, 9]
    await switching


async def test_other_changes_of_a_service_look_at_nobody(
    rig: Rig, followers: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_acl(rig, on=True)
    while following(followers):
        await rig.settled()
    looked: list[Any] = []
    monkeypatch.setattr(rig.store, "read", lambda *args, **named: looked.append(args))
    service = rig.directory.default_service(rig.made.account_sid, SYNC)
    assert service is not None
    await rig.do(change_service, service, ServiceChange(friendly_name="Other"))
    assert looked == []
