"""Invitations: the invited sees a conversation, not yet what is said in it, and joins or declines.

The first generation of clients knows them. The invited has the conversation in its map as `invited`; joining
is adding oneself, by `participants.add`.
"""

from collections.abc import Sequence

from tsock.conversations import (
    access,
    conversations,
    invite_tables,
    objects,
    refusals,
    roles,
    states,
    tables,
    users,
    values,
)
from tsock.conversations.actor import ChatActor
from tsock.conversations.authorization import require
from tsock.conversations.invite_tables import Invite
from tsock.conversations.models import MembershipData
from tsock.conversations.tables import Conversation
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx


def invite(tx: Tx, actor: ChatActor, name: str, identity: str | None, role_sid: str | None = None) -> Invite:
    """Invite an identity.

    Args:
        tx: the transaction.
        actor: who asks.
        name: SID or unique name of the conversation.
        identity: who is invited, and made a user if the service does not know it.
        role_sid: the role that it will have as a participant; else that of newcomers.

    Raises:
        ApiError: 50350; 50430; 50107; 50377; 50433 it is in; 50212 it is invited; 50417, 50214 too many;
            50109 no such role; 50203 to 50207 bad identity.
    """
    row = conversations.find(tx, actor, name)
    identity = values.identity(identity, actor.limits)
    opened = conversations.seen(tx, actor, row)
    require(tx, actor, "addParticipant", opened.role_sid)
    user = users.ensure(tx, actor, identity)
    roster, own = conversations.claim_roster(tx, row, user.conversations_sid)
    user, opened = users.ensure(tx, actor, identity), conversations.seen(tx, actor, row)
    if tables.place_of(tx, row.sid, identity) is not None:
        raise refusals.participant_exists(identity)
    if invite_tables.of_identity(tx, row.sid, identity) is not None:
        raise refusals.already_invited(identity)
    states.require_changeable(actor, opened.data)
    limits = actor.limits
    if roster.item_count + invite_tables.count(tx, row.sid) >= limits.participants_max:
        raise refusals.too_many_participants(limits.participants_max)
    if own.item_count >= limits.conversations_per_user_max:
        raise refusals.too_many_conversations(identity, limits.conversations_per_user_max)
    if role_sid is not None:
        role_sid = roles.find(tx, actor.service_sid, role_sid, "conversation", 50109).sid
    else:
        is_creator = identity == opened.data.created_by
        role_sid = roles.of_newcomer(tx, actor.service_sid, actor.options, is_creator=is_creator)
    made = Invite(row.sid, identity, tx.sid("IN"), row.service_sid, role_sid, actor.identity, tx.date_ms)
    invite_tables.insert(tx, made)
    channel = objects.name(row.sid, objects.CHANNEL)
    objects.put(tx, actor.of_sync(), own, row.sid, MembershipData(channel, status="invited"))
    access.grant(tx, row, identity)
    return made


def fetch(tx: Tx, actor: ChatActor, name: str, who: str) -> Invite:
    """An invitation by its SID, or who it is for.

    Raises:
        ApiError: 50350; 50430; 50601.
    """
    return _find(tx, conversations.fetch(tx, actor, name).row, who)


def page(
    tx: Tx, actor: ChatActor, name: str, identities: Sequence[str], place: Cursor, size: int
) -> tuple[list[Invite], Slice]:
    """A page of a conversation's, the oldest first; of all or of some identities. Over REST only.

    Raises:
        ApiError: 50350.
    """
    return invite_tables.page(tx, conversations.find(tx, actor, name).sid, identities, place, size)


def withdraw(tx: Tx, actor: ChatActor, name: str, who: str) -> None:
    """Decline, or take back what somebody else was invited to.

    Raises:
        ApiError: 50350; 50430; 50107; 50601; 50602 it has joined.
    """
    row = conversations.find(tx, actor, name)
    opened = conversations.seen(tx, actor, row)
    if tables.place_of(tx, row.sid, who) is not None:
        raise refusals.has_joined(who)
    found = _find(tx, row, who)
    if found.identity != actor.identity:
        require(tx, actor, "removeParticipant", opened.role_sid)
    if not end(tx, row, found):
        has_joined = tables.place_of(tx, row.sid, found.identity) is not None
        raise refusals.has_joined(who) if has_joined else refusals.invite_not_found(who)


def end(tx: Tx, row: Conversation, found: Invite) -> bool:
    """Take an invitation back, whoever has it done; False if it was taken up or taken back meanwhile."""
    user = tables.user(tx, found.service_sid, found.identity)
    assert user is not None
    (own,) = objects.claim(tx, user.conversations_sid)
    if invite_tables.named(tx, row.sid, found.sid) is None:
        return False
    conversations.forget(tx, row, own)
    invite_tables.delete(tx, found)
    access.withdraw(tx, row, found.identity)
    return True


def _find(tx: Tx, row: Conversation, who: str) -> Invite:
    found = invite_tables.named(tx, row.sid, who)
    if found is None:
        raise refusals.invite_not_found(who)
    return found
