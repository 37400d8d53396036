"""Messages of many senders are there once, in order, for everybody: also when connections and servers die."""

import asyncio
from random import Random

import pytest

from tests.interop.server import Server, until
from tests.simulation.chat import (
    FileSender,
    Sender,
    following,
    in_step,
    open_chat,
    require_every_file_once,
    require_every_message_once,
)
from tests.simulation.follower import Follower
from tests.simulation.nodes import IS_LONG
from tests.simulation.proxy import Trouble, proxied

ROUNDS = 10
DROPS = 500


async def test_twenty_senders_fill_the_indexes_without_a_gap(server: Server) -> None:
    identities = [f"sender-{number}" for number in range(20)]
    chat = await open_chat(server, identities)
    senders = [Sender(chat, identity) for identity in identities]
    followers = [chat.follower(identity) for identity in identities]

    async with asyncio.TaskGroup() as group:
        tasks = await following(group, followers)
        sending = [
            group.create_task(
                sender.run(server.uri, burst=1, enough=lambda sender=sender: len(sender.acknowledged) == 100)
            )
            for sender in senders
        ]
        await asyncio.gather(*sending)
        await in_step(chat, followers, 2000)
        for task in tasks:
            task.cancel()

    require_every_message_once(chat, senders, followers)
    indexes = sorted(
        index for sender in senders for index in sender.acknowledged.values() if index is not None
    )
    assert indexes == list(range(2000))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("run", range(5 if IS_LONG else 1))
async def test_kills_lose_and_double_no_acknowledged_message_or_file(
    server: Server, chance: Random, run: int
) -> None:
    identities = [f"sender-{number}" for number in range(8)]
    chat = await open_chat(server, identities)
    with_files = [FileSender(chat, identity, chance) for identity in identities[:3]]
    senders = [*with_files, *(Sender(chat, identity, chance) for identity in identities[3:])]
    followers = [chat.follower(identity) for identity in identities[:3]]
    for _ in range(ROUNDS):
        async with asyncio.TaskGroup() as group:
            await following(group, followers)
            for sender in senders:
                burst = 2 if sender in with_files else 8
                group.create_task(sender.run(server.uri, burst=burst, enough=lambda: False))
            before = len(chat.messages(followers[0]).state)
            await in_step(chat, followers[:1], before + 1)
            await asyncio.sleep(chance.uniform(0, 0.2))  # nothing is waited for: any moment will do
            server.kill()
        await asyncio.to_thread(server.start)

    for sender in senders:
        await sender.settle(server.uri)
    total = sum(len(sender.acknowledged) for sender in senders)
    assert total > ROUNDS
    newcomer = chat.follower(identities[-1])
    async with asyncio.TaskGroup() as group:
        tasks = await following(group, [*followers, newcomer])
        await in_step(chat, [*followers, newcomer], total)
        for task in tasks:
            task.cancel()
    require_every_message_once(chat, senders, [*followers, newcomer])
    assert len(chat.messages(newcomer).state) == total

    require_every_file_once(chat, with_files, newcomer)
    folder, sent = server.data / "media", sum(len(sender.acknowledged) for sender in with_files)
    assert sent >= len(with_files)
    assert not list(folder.glob("*.part"))
    server.advance(25 * 3600)  # what was cut off, or never acknowledged, is due to go
    until(lambda: len(list(folder.iterdir())) == sent, "the removal of files that no message has")
    require_every_file_once(chat, with_files, newcomer)


@pytest.mark.timeout(300)
async def test_forced_drops_lose_double_and_misplace_no_message(server: Server, chance: Random) -> None:
    identities = [f"sender-{number}" for number in range(8)]
    chat = await open_chat(server, identities)
    senders = [Sender(chat, identity, chance) for identity in identities]

    def trouble() -> Trouble:
        return Trouble(
            cut_after_bytes=int(chance.expovariate(1 / 20_000)),
            cut_after_s=chance.uniform(0.05, 0.4),
            delay_s=chance.choice((0.0, 0.0, chance.uniform(0, 0.004))),
        )

    async with proxied(server.port, trouble) as proxy:
        followers = [chat.follower(identity, uri=proxy.uri) for identity in identities]

        def enough() -> bool:
            return proxy.drops >= DROPS

        async def send(sender: Sender) -> None:
            while not enough():
                await sender.run(proxy.uri, burst=3, enough=enough)
            await sender.settle(server.uri)

        async def follow(follower: Follower) -> None:
            while not enough():
                await follower.follow()

        async with asyncio.TaskGroup() as group:
            for sender in senders:
                group.create_task(send(sender))
            for follower in followers:
                group.create_task(follow(follower))
    total = sum(len(sender.acknowledged) for sender in senders)
    for follower in followers:
        follower.uri = server.uri
    async with asyncio.TaskGroup() as group:
        tasks = await following(group, followers)
        await in_step(chat, followers, total)
        for task in tasks:
            task.cancel()
    require_every_message_once(chat, senders, followers)
    assert len(chat.messages(followers[0]).state) == total
