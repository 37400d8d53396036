"""Who takes part in a conversation."""

import pytest

from tests.support.chat_world import ALICE, BOB, CAROL, REST, ChatWorld
from tests.support.sync_world import NOON, SERVICE
from tsock.conversations import conversations, participants, roles
from tsock.conversations.addresses import Binding
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.participants import NewParticipant, ParticipantChange
from tsock.events import ReadRevoked


def test_added_user_has_the_conversation_in_its_own_list(world: ChatWorld) -> None:
    sid = world.conversation()
    world.add(sid, "bob", attributes='{"seat":1}')

    (roster, row), (own, membership) = world.told()
    assert (roster, own) == ("map_item_added", "map_item_added")
    assert row["identity"] == "bob"
    assert (row["type"], row["attributes"], row["dateCreated"]) == ("chat", '{"seat":1}', NOON)
    assert row["lastConsumedMessageIndex"] is None
    assert membership == {
        "channel": f"{sid}.channel",
        "status": "joined",
        "lastConsumedMessageIndex": None,
        "notificationLevel": "default",
    }


def test_identity_is_in_a_conversation_once(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    for actor in (ALICE, BOB, REST):
        asked = NewParticipant(identity="bob")
        assert world.refusal(participants.add, actor, sid, asked)[:2] == (409, 50433)


def test_newcomers_get_the_role_of_creators_or_of_others(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    names = {
        who: str(roles.get(world.tx, SERVICE, world(participants.fetch, REST, sid, who).data.role_sid))
        for who in ("alice", "bob")
    }
    assert "'channel admin'" in names["alice"]
    assert "'channel user'" in names["bob"]


def test_stranger_is_told_so_before_any_permission(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    for asked in (NewParticipant(identity="carol"), NewParticipant(identity="dave")):
        assert world.refusal(participants.add, CAROL, sid, asked)[:2] == (403, 50430)
    assert world.refusal(participants.add, BOB, sid, NewParticipant(identity="dave"))[:2] == (403, 50107)


def test_unknown_identity_becomes_a_user(world: ChatWorld) -> None:
    sid = world.conversation()
    world.add(sid, "newcomer")
    kinds = [kind for kind, _ in world.told()]
    assert kinds == ["map_item_added"] * 4  # friendly name and attributes; roster, own list


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        (None, 50204),
        ("", 50204),
        ("system", 50203),
        ("US" + "a" * 32, 50206),
        ("x" * 257, 50207),
        ("a\0b", 20422),
    ],
)
def test_bad_identities_are_refused(world: ChatWorld, identity: str | None, code: int) -> None:
    sid = world.conversation()
    assert world.refusal(participants.add, ALICE, sid, NewParticipant(identity=identity))[:2] == (400, code)


def test_removal_ends_access_in_its_place_among_the_events(world: ChatWorld) -> None:
    sid = world.conversation("bob")

    world(participants.remove, ALICE, sid, "bob")

    kinds = [fact.kind if not isinstance(fact, ReadRevoked) else "revoked" for fact in world.tx.facts]  # type: ignore[attr-defined]
    assert kinds == ["map_item_removed", "map_item_removed", "revoked", "revoked", "revoked"]
    assert world.refusal(participants.fetch, REST, sid, "bob")[:2] == (404, 50432)


def test_leaving_and_removing_are_two_permissions(world: ChatWorld) -> None:
    sid = world.conversation("bob", "carol")
    assert "removeParticipant" in world.error(participants.remove, BOB, sid, "carol").message
    world(participants.remove, BOB, sid, "bob")
    world(participants.remove, ALICE, sid, "carol")


def test_conversations_and_users_have_room_for_so_many(world: ChatWorld) -> None:
    sid = world.conversation("b", "c", "d", "e")
    assert world.refusal(participants.add, ALICE, sid, NewParticipant(identity="f"))[:2] == (403, 50417)

    others = [world.conversation() for _ in range(2)]
    one_more = world(conversations.create, ALICE).row.sid
    joining = NewParticipant(identity="alice")
    assert world.refusal(participants.add, ALICE, one_more, joining)[:2] == (403, 50214)
    world(conversations.update, REST, others[0], ConversationChange(state="closed"))
    world(participants.add, ALICE, one_more, joining)


def test_address_takes_part_once_among_open_conversations(world: ChatWorld) -> None:
    first, second = world.conversation(), world.conversation()
    asked = NewParticipant(binding=Binding("+15558675310", "+15558675311"))

    made = world(participants.add, ALICE, first, asked)
    assert (made.data.type, made.data.identity) == ("sms", None)
    assert made.data.bindings == {"sms": {"address": "+15558675310"}}
    assert world.refusal(participants.add, ALICE, second, asked)[:2] == (409, 50416)
    world(conversations.update, REST, first, ConversationChange(state="closed"))
    world(participants.add, ALICE, second, asked)


@pytest.mark.parametrize(
    ("address", "proxy", "code"),
    [
        ("", "+15558675311", 50411),
        ("555", "+15558675311", 50407),
        ("a\0@example.com", "b@example.com", 50407),
        ("messenger:a\0", "messenger:b", 50407),
        ("a@example.com", "b\0@example.com", 50408),
        ("+15558675310", "", 50412),
        ("+15558675310", "no", 50408),
        ("+15558675310", "+15558675310", 50409),
        ("whatsapp:+15558675310", "+15558675311", 50414),
    ],
)
def test_bad_addresses_are_refused(world: ChatWorld, address: str, proxy: str, code: int) -> None:
    sid = world.conversation()
    asked = NewParticipant(binding=Binding(address, proxy))
    assert world.refusal(participants.add, ALICE, sid, asked)[:2] == (400, code)


def test_update_touches_what_it_names(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    world.after(1)

    world(participants.update, BOB, sid, "bob", ParticipantChange(attributes='{"a":1}'))

    ((kind, row),) = world.told()
    assert kind == "map_item_updated"
    assert (row["attributes"], row["dateCreated"]) == ('{"a":1}', NOON)
    assert row["dateUpdated"] == "2031-05-02T12:00:01.000Z"
    others = ParticipantChange(attributes="{}")
    assert (
        "editAnyParticipantAttributes" in world.error(participants.update, BOB, sid, "alice", others).message
    )
    assert world.refusal(participants.update, BOB, sid, "bob", ParticipantChange())[:2] == (400, 20161)
