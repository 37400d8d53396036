"""States that change by themselves."""

from tests.support.chat_world import ALICE, REST, ChatWorld
from tsock.conversations import conversations, states
from tsock.conversations.conversations import ConversationChange


def nobody(service_sid: str) -> None:
    """Acts in no service."""


def state(world: ChatWorld, sid: str) -> str:
    return world(conversations.fetch, REST, sid).data.state.current


def test_timers_count_from_the_last_activity(world: ChatWorld) -> None:
    sid = world.conversation(inactive_after="PT1M", closed_after="P1DT10M")
    world.after(59)
    world.say(sid, "x")
    world.after(59)
    world(states.expire_due, 10, nobody)
    assert state(world, sid) == "active"
    world.told()

    world.after(1)
    assert world(states.next_due_ms) == world.now_ms
    assert not world(states.expire_due, 10, nobody)
    ((kind, document),) = world.told()
    assert (kind, document["state"]["current"]) == ("document_updated", "inactive")

    world.after(86_400 + 600 - 61)
    world(states.expire_due, 10, nobody)
    assert state(world, sid) == "inactive"
    world.after(1)
    world(states.expire_due, 10, nobody)
    assert state(world, sid) == "closed"
    assert world(states.next_due_ms) is None


def test_expiry_works_in_chunks(world: ChatWorld) -> None:
    sids = [world(conversations.create, ALICE).row.sid for _ in range(3)]
    for sid in sids:
        world(conversations.update, REST, sid, ConversationChange(inactive_after="PT1M"))
    world.after(60)
    assert [world(states.expire_due, 2, nobody) for _ in range(2)] == [True, False]
    assert {state(world, sid) for sid in sids} == {"inactive"}


def test_empty_timer_is_none(world: ChatWorld) -> None:
    sid = world.conversation(inactive_after="PT1M")
    world(conversations.update, REST, sid, ConversationChange(inactive_after=""))
    assert world(states.next_due_ms) is None
