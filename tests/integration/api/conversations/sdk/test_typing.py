"""Who types, told to the others."""

import pytest

from tests.support.chatter import Chatter
from tests.support.rig import Rig
from tsock.accounts.caller import CHAT

TYPING = "twilio.ipmsg.typing_indicator"


async def type_in(chatter: Chatter, form: bytes) -> tuple[int, object]:
    reply = await chatter.ask("POST", "/v1/typing", form)
    return reply.status, reply.body


async def test_others_are_told_and_the_typist_is_not(rig: Rig, alice: Chatter, bob: Chatter) -> None:
    sid = (await alice.conversation("bob")).rpartition("/")[2]
    second = await Chatter(rig, "alice").start()
    elsewhere = rig.connect("bob", products={CHAT: "default"})  # did not register for typing
    for chatter in (alice, bob, second):
        chatter.client.take()

    assert await type_in(alice, f"ChannelSid={sid}".encode()) == (200, {"typing_timeout": 5})

    assert bob.client.notifications() == [
        (TYPING, {"channel_sid": sid, "identity": "alice", "typing_timeout": 6})
    ]
    assert alice.client.notifications() == second.client.notifications() == elsewhere.notifications() == []


async def test_only_participants_type(rig: Rig, alice: Chatter, bob: Chatter, mallory: Chatter) -> None:
    path = await alice.conversation("bob")
    sid = path.rpartition("/")[2]
    alice.client.take()
    assert (await mallory.ask("POST", "/v1/typing", f"ChannelSid={sid}".encode())).error == (403, 50430)
    await alice.delete(f"{path}/Participants/bob")
    bob.client.take()
    await type_in(alice, f"ChannelSid={sid}".encode())
    assert bob.client.notifications() == []


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (b"", (400, 50351)),
        (b"ChannelSid", (400, 50351)),
        (b"ChannelSid=", (400, 50351)),
        (b"channelsid={sid}", (400, 50351)),
        (b"ConversationSid={sid}", (400, 50351)),
        (b'{"ChannelSid":"{sid}"}', (400, 50351)),
        (b"\xff", (400, 50351)),
        (b"ChannelSid=%ff", (404, 50350)),
        (b"ChannelSid=CH0", (404, 50350)),
        (b"ChannelSid={sid}0", (404, 50350)),
        (b"ChannelSid=" + b"x" * 100_000, (404, 50350)),
        (b"ChannelSid=%00", (404, 50350)),
    ],
)
async def test_form_that_names_no_conversation_is_refused_and_told_to_nobody(
    alice: Chatter, bob: Chatter, form: bytes, error: tuple[int, int]
) -> None:
    sid = (await alice.conversation("bob")).rpartition("/")[2]
    bob.client.take()
    reply = await alice.ask("POST", "/v1/typing", form.replace(b"{sid}", sid.encode()))
    assert reply.error == error
    assert bob.client.notifications() == []
