"""Invitations: taken up, declined, taken back, ended with what they are for."""

import pytest

from tests.support.chat_world import ALICE, BOB, CAROL, REST, ChatWorld
from tests.support.sync_world import SERVICE
from tsock.conversations import (
    access,
    cleanup,
    conversations,
    departures,
    invite_tables,
    invites,
    memberships,
    messages,
    participants,
    roles,
    tables,
    users,
)
from tsock.conversations.actor import ChatActor
from tsock.conversations.messages import NewMessage
from tsock.conversations.participants import NewParticipant
from tsock.events import ReadRevoked
from tsock.sync import tables as sync_tables

INVITED = {
    "channel": "",
    "status": "invited",
    "lastConsumedMessageIndex": None,
    "notificationLevel": "default",
}


def own(world: ChatWorld, actor: ChatActor) -> dict[str, str]:
    """What a user's map says of each of its conversations."""
    user = world(users.find, REST, actor.identity)
    return {row.sid: data.status for row, data in memberships.page_of_map(world.tx, user, "", 9)[0]}


def readable(world: ChatWorld, actor: ChatActor, sid: str) -> set[str]:
    """Which objects of a conversation a user may read, by the first letters of their SIDs."""
    row = tables.by_sid(world.tx, sid)
    assert row is not None
    roots = [
        sync_tables.by_sid(world.tx.one, root, with_data=False)
        for root in (row.document_sid, row.messages_sid, row.roster_sid)
    ]
    found = access.readable(world.tx, actor.of_sync(), [root for root in roots if root is not None])
    return {root[:2] for root in found}


def test_invited_sees_the_conversation_alone_and_joins(world: ChatWorld) -> None:
    sid = world.conversation()
    assert world.refusal(conversations.fetch, BOB, sid)[:2] == (403, 50430)

    invite = world(invites.invite, ALICE, sid, "bob")

    ((kind, data),) = world.told()
    assert (kind, data) == ("map_item_added", INVITED | {"channel": f"{sid}.channel"})
    assert (invite.identity, invite.created_by, invite.conversation_sid) == ("bob", "alice", sid)
    assert own(world, BOB) == {sid: "invited"}
    assert readable(world, BOB, sid) == {"ET"}
    assert readable(world, CAROL, sid) == set()
    world(conversations.fetch, BOB, sid)
    assert world.refusal(messages.send, BOB, sid, NewMessage(body="x"))[:2] == (403, 50430)

    joined = world(participants.add, BOB, sid, NewParticipant(identity="bob"))

    assert joined.data.role_sid == invite.role_sid
    assert own(world, BOB) == {sid: "joined"}
    assert readable(world, BOB, sid) == {"ET", "ES", "MP"}
    assert world.refusal(invites.fetch, ALICE, sid, "bob")[:2] == (404, 50601)
    assert world.refusal(invites.withdraw, BOB, sid, "bob")[:2] == (400, 50602)


def test_invited_who_joins_has_the_role_of_the_invitation(world: ChatWorld) -> None:
    sid = world.conversation()
    role = world(roles.built_in, SERVICE, "channel admin")
    assert world.refusal(invites.invite, REST, sid, "bob", "RL" + "0" * 32)[:2] == (404, 50109)
    world(invites.invite, REST, sid, "bob", role.sid)
    assert world(participants.add, BOB, sid, NewParticipant(identity="bob")).data.role_sid == role.sid


@pytest.mark.parametrize(("by", "named_by"), [(BOB, "identity"), (ALICE, "sid"), (REST, "sid")])
def test_invitation_is_declined_or_taken_back(world: ChatWorld, by: ChatActor, named_by: str) -> None:
    sid = world.conversation("carol")
    invite = world(invites.invite, ALICE, sid, "bob")
    world.facts = []
    assert world.refusal(invites.withdraw, CAROL, sid, "bob")[:2] == (403, 50107)

    world(invites.withdraw, by, sid, getattr(invite, named_by))

    row = tables.by_sid(world.tx, sid)
    assert row is not None
    revoked = [fact for fact in world.facts if isinstance(fact, ReadRevoked)]
    assert revoked == [ReadRevoked(SERVICE, sid, "bob") for sid in row.parts]
    assert [kind for kind, _ in world.told()] == ["map_item_removed"]
    assert (own(world, BOB), readable(world, BOB, sid)) == ({}, set())
    assert world.refusal(conversations.fetch, BOB, sid)[:2] == (403, 50430)
    world(invites.invite, ALICE, sid, "bob")
    assert own(world, BOB) == {sid: "invited"}


def test_bad_invitations_are_refused(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    assert world.refusal(invites.invite, ALICE, sid, "bob")[:2] == (409, 50433)
    assert world.refusal(invites.invite, BOB, sid, "carol")[:2] == (403, 50107)
    assert world.refusal(invites.invite, CAROL, sid, "dave")[:2] == (403, 50430)
    assert world.refusal(invites.invite, ALICE, sid, None)[:2] == (400, 50204)
    world(invites.invite, ALICE, sid, "carol")
    assert world.refusal(invites.invite, ALICE, sid, "carol")[:2] == (409, 50212)
    assert world.refusal(invites.withdraw, ALICE, sid, "dave")[:2] == (404, 50601)
    for identity in ("dave", "eve"):
        world(invites.invite, ALICE, sid, identity)
    assert world.refusal(invites.invite, ALICE, sid, "frank")[:2] == (403, 50417)


def test_nobody_is_invited_to_more_than_it_may_have(world: ChatWorld) -> None:
    sids = [world(conversations.create, REST).row.sid for _ in range(4)]
    for sid in sids[:3]:
        world(invites.invite, REST, sid, "bob")
    assert world.refusal(invites.invite, REST, sids[3], "bob")[:2] == (403, 50214)


@pytest.mark.parametrize("ended", ["conversation", "user", "service"])
def test_invitations_end_with_what_they_are_for(world: ChatWorld, ended: str) -> None:
    sid = world.conversation()
    world(invites.invite, ALICE, sid, "bob")
    world.told()
    if ended == "conversation":
        world(conversations.remove, ALICE, sid)
        assert world.told()[0][0] == "map_item_removed"
    elif ended == "user":
        world(departures.delete_user, REST, "bob")
        assert world.told()[0][0] == "map_item_removed"
    else:
        while world(cleanup.remove_content, SERVICE, 1):
            pass
    assert invite_tables.of_conversation(world.tx, sid) == []
