"""Conversations: made, found, changed, removed."""

import pytest

from tests.support.chat_world import ALICE, BOB, CAROL, REST, STRANGER, ChatWorld
from tests.support.sync_world import NOON
from tsock.conversations import conversations, participants
from tsock.conversations.conversations import ConversationChange
from tsock.events import ReadRevoked


def test_creator_takes_no_part_and_sees_the_conversation_all_the_same(world: ChatWorld) -> None:
    made = world(conversations.create, ALICE, ConversationChange(friendly_name="Team", attributes='{"a":1}'))

    opened = world(conversations.fetch, ALICE, made.row.sid)
    assert opened.own is None
    assert (opened.data.friendly_name, opened.data.attributes) == ("Team", '{"a":1}')
    assert (opened.data.created_by, opened.data.date_created) == ("alice", NOON)
    assert opened.data.state.current == "active"


def test_conversation_is_for_its_own_people(world: ChatWorld) -> None:
    sid = world.conversation("bob", unique_name="team")

    for name in (sid, "team"):
        assert world(conversations.fetch, BOB, name).row.sid == sid
        assert world.refusal(conversations.fetch, CAROL, name)[:2] == (403, 50430)
        assert world.refusal(conversations.fetch, STRANGER, name)[:2] == (404, 50350)
    assert world(conversations.fetch, REST, sid).row.sid == sid


def test_unique_name_is_one_conversation_s_until_that_is_removed(world: ChatWorld) -> None:
    sid = world.conversation(unique_name="team")
    taken = ConversationChange(unique_name="team")
    assert world.refusal(conversations.create, ALICE, taken)[:2] == (409, 50353)
    assert world(conversations.update, ALICE, sid, taken).data.unique_name == "team"

    world(conversations.remove, ALICE, sid)
    assert world(conversations.create, BOB, taken).data.unique_name == "team"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"friendly_name": "x" * 257}, 50003),
        ({"unique_name": "x" * 257}, 50004),
        ({"unique_name": "CH" + "0" * 32}, 50390),
        ({"attributes": "{"}, 50304),
        ({"attributes": '"' + "x" * 16_384 + '"'}, 50303),
        ({"state": "closed"}, 50384),
        ({"inactive_after": "PT59S"}, 50375),
        ({"inactive_after": "soon"}, 50379),
        ({"closed_after": "PT9M"}, 50376),
        ({"closed_after": "P"}, 50380),
    ],
)
def test_bad_values_make_nothing(world: ChatWorld, change: dict[str, str], code: int) -> None:
    status, found, _ = world.refusal(conversations.create, REST, ConversationChange(**change))  # type: ignore[arg-type]
    assert (status, found) == (400, code)


@pytest.mark.parametrize("text", ["[]", "null", "7", '"text"', '{"é":[{"a":null}]}'])
def test_attributes_are_any_json(world: ChatWorld, text: str) -> None:
    assert world(conversations.create, ALICE, ConversationChange(attributes=text)).data.attributes == text


def test_names_and_attributes_need_the_permission(world: ChatWorld) -> None:
    sid = world.conversation("bob")

    error = world.error(conversations.update, BOB, sid, ConversationChange(friendly_name="x"))
    assert (error.status, error.code) == (403, 50107)
    assert "editConversationName" in error.message
    assert "'channel user'" in error.message
    assert world.refusal(conversations.update, BOB, sid, ConversationChange(attributes="{}"))[1] == 50107
    assert world.refusal(conversations.remove, BOB, sid)[1] == 50107
    assert world(conversations.update, ALICE, sid, ConversationChange(friendly_name="x"))


def test_removal_is_told_to_each_participant_before_anything_is_gone(world: ChatWorld) -> None:
    sid = world.conversation("bob", "carol", unique_name="team")

    world(conversations.remove, ALICE, sid)

    kinds = [event.kind for event in world.heard()]
    assert kinds[:3] == ["map_item_removed"] * 3
    assert sorted(kinds[3:]) == ["document_removed", "list_removed", "map_removed"]
    assert not any(isinstance(fact, ReadRevoked) for fact in world.tx.facts)
    for actor in (ALICE, REST):
        assert world.refusal(conversations.fetch, actor, sid)[:2] == (404, 50350)


def test_somebody_removed_may_read_no_longer_and_may_come_back(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    world(participants.remove, ALICE, sid, "bob")
    assert world.refusal(conversations.fetch, BOB, sid)[:2] == (403, 50430)

    world.add(sid, "bob")
    assert world(conversations.fetch, BOB, sid).own is not None
