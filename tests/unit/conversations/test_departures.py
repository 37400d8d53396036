"""The end of a user."""

from tests.support.chat_world import ALICE, BOB, REST, ChatWorld
from tests.support.sync_world import SERVICE
from tsock.conversations import bindings, departures, memberships, participants, tables, users
from tsock.conversations.bindings import NewBinding
from tsock.conversations.participants import NewParticipant
from tsock.conversations.users import UserChange
from tsock.events import ReadRevoked


def test_deleted_user_leaves_every_conversation_and_its_maps_stay(world: ChatWorld) -> None:
    sids = [world.conversation("bob", unique_name=f"number {number}") for number in range(3)]
    world(users.update, REST, "bob", UserChange(friendly_name="Bob", attributes='{"a":1}'))
    before = world(users.find, REST, "bob")
    world.facts = []

    _, left = world(departures.delete_user, REST, before.sid)

    assert {participant.row.sid for participant in left} == set(sids)
    revoked = [fact for fact in world.facts if isinstance(fact, ReadRevoked)]
    assert len(revoked) == 3 * len(sids)
    assert {fact.identity for fact in revoked} == {"bob"}
    kinds = [kind for kind, _ in world.told()]
    assert kinds == ["map_item_removed"] * 2 * len(sids) + ["map_item_updated"] * 2
    for sid in sids:
        assert world.refusal(participants.fetch, REST, sid, "bob")[:2] == (404, 50432)
    for name in ("bob", before.sid):
        assert world.refusal(users.find, REST, name)[:2] == (404, 50200)

    world.add(sids[0], "bob")
    after = world(users.find, REST, "bob")
    assert after.sid != before.sid
    assert (after.conversations_sid, after.info_sid) == (before.conversations_sid, before.info_sid)
    profile = users.profile(world.tx, after)
    assert (profile.friendly_name, profile.attributes) == (None, "{}")
    assert [found.row.sid for found in memberships.page(world.tx, BOB, after, "", 9)[0]] == [sids[0]]


def test_devices_of_a_deleted_user_are_forgotten(world: ChatWorld) -> None:
    device = world(bindings.register, BOB, NewBinding(type="fcm", endpoint="token"))
    world(departures.delete_user, REST, "bob")
    assert world.refusal(bindings.find, REST, device.sid)[0] == 404


def test_several_are_added_at_once(world: ChatWorld) -> None:
    sid = world.conversation()
    many = [NewParticipant(identity=identity) for identity in ("bob", "carol", "dave")]
    world(participants.add_all, REST, sid, many)
    found = {place.identity for place in tables.places(world.tx, sid)}
    assert found == {"alice", "bob", "carol", "dave"}


def test_several_are_added_or_none(world: ChatWorld) -> None:
    sid = world.conversation()
    many = [NewParticipant(identity=identity) for identity in ("bob", "alice")]
    assert world.refusal(participants.add_all, ALICE, sid, many)[:2] == (409, 50433)
    assert tables.open_conversations(world.tx, SERVICE, "bob", 9) == 0
