"""What people make of events is what a fresh read shows, while they send, read, join and leave."""

import asyncio
from random import Random

import pytest

from tests.interop.server import Server
from tests.simulation.chat import following, open_chat
from tests.simulation.client import connected
from tests.simulation.crowd import Crowd, member, require_agreement_with_rest, require_agreement_with_sync
from tsock.accounts.caller import CHAT

ROUNDS = 3
ROUND_S = 3.0


@pytest.mark.parametrize("run", range(2))
async def test_state_rebuilt_from_events_is_what_a_fresh_read_shows(
    server: Server, chance: Random, run: int
) -> None:
    identities = [f"member-{number}" for number in range(6)]
    chat = await open_chat(server, ["owner"])
    everybody = [await member(chat, identity) for identity in ("owner", *identities)]
    owner, *members = everybody
    loop = asyncio.get_running_loop()
    async with connected(server.uri, owner.token, product=CHAT) as connection:
        first = (await connection.post(f"{chat.path}/Messages", {"body": "first"})).ok(201)["sid"]
    async with asyncio.TaskGroup() as group:
        tasks = await following(group, everybody)
        crowd = Crowd(chat, identities, first)
        for _ in range(ROUNDS):
            before, end = crowd.done, loop.time() + ROUND_S

            def enough(end: float = end) -> bool:
                return loop.time() >= end

            async with asyncio.TaskGroup() as acting:
                for identity in ("owner", *identities):
                    acting.create_task(crowd.person(identity, Random(chance.random()), enough))
                for _ in range(2):
                    acting.create_task(crowd.back_end(Random(chance.random()), enough))
            assert crowd.done > before
            await crowd.remove_newest()

            for each in everybody:
                await require_agreement_with_sync(chat, each)
            await require_agreement_with_rest(chat, owner, members)
        for task in tasks:
            task.cancel()
