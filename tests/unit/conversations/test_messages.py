"""Messages: sent, changed, removed; and how far they were read."""

import pytest

from tests.support.chat_world import ALICE, BOB, CAROL, REST, ChatWorld
from tests.support.sync_world import NOON
from tsock.conversations import conversations, memberships, messages, objects, read_marks
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.messages import MessageChange, NewMessage


def last(world: ChatWorld, sid: str) -> int | None:
    found = world(conversations.fetch, REST, sid).data.last_message
    return None if found is None else found.index


def test_date_set_of_the_newest_message_is_that_of_the_last(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    older, newest = (world(messages.send, BOB, sid, NewMessage(body=text)) for text in "ab")
    for message in (older, newest):
        world(messages.update, REST, sid, message.data.sid, MessageChange(created_ms=0))
    found = world(conversations.fetch, REST, sid).data.last_message
    assert found is not None
    assert (found.index, found.timestamp) == (1, "1970-01-01T00:00:00.000Z")


def test_message_is_an_item_and_the_document_names_the_newest(world: ChatWorld) -> None:
    sid = world.conversation("bob")

    made = world(messages.send, BOB, sid, NewMessage(body="hello", attributes='{"k":1}', subject="s"))

    (added, item), (updated, document) = world.told()
    assert (added, updated) == ("list_item_added", "document_updated")
    assert item == {
        "sid": made.data.sid,
        "author": "bob",
        "memberSid": made.data.member_sid,
        "text": "hello",
        "timestamp": NOON,
        "dateUpdated": NOON,
        "subject": "s",
        "attributes": '{"k":1}',
        "type": "text",
        "lastUpdatedBy": None,
        "contentSid": None,
    }
    assert document["lastMessage"] == {"index": 0, "timestamp": NOON}
    assert document["dateUpdated"] == NOON


def test_indexes_have_no_gaps_but_by_removal(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    sids = world.say(sid, "0", "1")
    world.refusal(messages.send, ALICE, sid, NewMessage(body="x" * 32_769))
    sids += world.say(sid, "2")
    assert [world(messages.fetch, BOB, sid, each).index for each in sids] == [0, 1, 2]

    world(messages.remove, ALICE, sid, sids[2])
    assert last(world, sid) == 1
    assert [world(messages.fetch, BOB, sid, each).index for each in world.say(sid, "3")] == [3]


def test_nothing_of_a_removed_message_remains(world: ChatWorld) -> None:
    sid = world.conversation()
    (message,) = world.say(sid, "hush", attributes='{"a":"hush"}')
    world.told()

    world(messages.remove, ALICE, sid, message)

    assert world.told()[0] == ("list_item_removed", {"sid": message})
    assert "hush" not in "\n".join(world.database.iterdump())
    assert last(world, sid) is None
    assert world.refusal(messages.fetch, ALICE, sid, message)[:2] == (404, 50500)


def test_messages_are_for_participants_alone(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    (message,) = world.say(sid, "x")
    created = world(conversations.create, CAROL).row.sid
    for where, code in ((sid, 50430), (created, 50430)):
        assert world.refusal(messages.send, CAROL, where, NewMessage(body="x"))[:2] == (403, code)
    assert world.refusal(messages.fetch, CAROL, sid, message)[:2] == (403, 50430)


def test_sid_of_another_conversation_s_message_names_none_here(world: ChatWorld) -> None:
    one, two = world.conversation(), world.conversation()
    (message,) = world.say(one, "x")
    world.say(two, "y")
    for name in (message, "IM" + "f" * 32, "0", "IM"):
        assert world.refusal(messages.fetch, ALICE, two, name)[:2] == (404, 50500)


def test_update_touches_what_it_names(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    (message,) = world.say(sid, "old", by=BOB)
    world.after(1)
    world(messages.update, BOB, sid, message, MessageChange(body="new"))
    world(messages.update, ALICE, sid, message, MessageChange(attributes="[1]"))

    data = world(messages.fetch, BOB, sid, message).data
    assert (data.text, data.attributes, data.author, data.last_updated_by) == ("new", "[1]", "bob", "alice")
    assert (data.timestamp, data.date_updated) == (NOON, "2031-05-02T12:00:01.000Z")


def test_messages_of_others_need_another_permission(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    (message,) = world.say(sid, "x")
    for change, permission in (
        (MessageChange(body="y"), "editAnyMessage "),
        (MessageChange(attributes="{}"), "editAnyMessageAttributes "),
    ):
        assert permission in world.error(messages.update, BOB, sid, message, change).message
    assert "deleteAnyMessage " in world.error(messages.remove, BOB, sid, message).message


def test_message_wakes_an_inactive_conversation_and_a_closed_one_takes_none(world: ChatWorld) -> None:
    sid = world.conversation()
    world(conversations.update, REST, sid, ConversationChange(state="inactive"))
    world.say(sid, "x")
    assert world(conversations.fetch, ALICE, sid).data.state.current == "active"

    world(conversations.update, REST, sid, ConversationChange(state="closed"))
    assert world.refusal(messages.send, ALICE, sid, NewMessage(body="x"))[:2] == (400, 50377)
    change = ConversationChange(state="active")
    assert world.refusal(conversations.update, REST, sid, change)[:2] == (400, 50377)
    world(conversations.remove, ALICE, sid)


@pytest.mark.parametrize(("given", "mark", "unread"), [(0, 0, 4), (4, 4, 1), (99, 5, 0), (None, None, None)])
def test_mark_is_at_most_the_newest_index(
    world: ChatWorld, given: int | None, mark: int | None, unread: int | None
) -> None:
    sid = world.conversation("bob")
    world.say(sid, "0", "1", "2", "3", "4", "5")
    world.told()

    set_ = world(memberships.set_read_mark, BOB, "bob", sid, given)

    assert set_.own.last_consumed_message_index == mark
    told = {(kind, data["lastConsumedMessageIndex"]) for kind, data in world.told()}
    assert told == {("map_item_updated", mark)}
    assert read_marks.unread(world.tx, set_.row, mark, 4) == unread


def test_mark_without_messages_is_none(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    assert world(memberships.set_read_mark, BOB, "bob", sid, 3).own.last_consumed_message_index is None
    assert world.refusal(memberships.set_read_mark, BOB, "bob", sid, -1)[:2] == (400, 50421)


def test_muting_is_the_user_s_own(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    world(memberships.set_notification_level, BOB, "bob", sid, "muted")
    ((kind, data),) = world.told()
    assert (kind, data["notificationLevel"]) == ("map_item_updated", "muted")
    assert world.refusal(memberships.set_notification_level, BOB, "bob", sid, "loud")[:2] == (400, 50210)


def test_author_over_rest_is_whom_it_names(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    system = world(messages.send, REST, sid, NewMessage(body="x")).data
    assert (system.author, system.member_sid) == ("system", None)
    bob = world(messages.send, REST, sid, NewMessage(body="x", author="bob")).data
    assert bob.author == "bob"
    assert bob.member_sid is not None
    item = objects.item(world.tx, world(conversations.find, REST, sid).messages_sid, 1)
    assert item is not None
