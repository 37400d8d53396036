"""Who types, told to the others."""

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
    for form in (b"", b"ChannelSid=", b"\xff"):
        assert (await alice.ask("POST", "/v1/typing", form)).error == (400, 50351)
    assert (await alice.ask("POST", "/v1/typing", b"ChannelSid=CH0")).error == (404, 50350)
    await alice.delete(f"{path}/Participants/bob")
    bob.client.take()
    await type_in(alice, f"ChannelSid={sid}".encode())
    assert bob.client.notifications() == []
