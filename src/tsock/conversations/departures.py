"""The end of a user: out of every conversation, and nothing is known of it any more."""

from tsock.conversations import access, bindings, invite_tables, invites, objects, participants, tables, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.models import NO_ATTRIBUTES, UserValue
from tsock.conversations.participants import Participant
from tsock.conversations.tables import User
from tsock.events import RoleLost
from tsock.storage.store import Tx
from tsock.sync.tables import claimed

_CHUNK = 100


def delete_user(tx: Tx, actor: ChatActor, name: str) -> tuple[User, list[Participant]]:
    """Delete a user; it and where it took part.

    Its two maps are emptied and stay: clients that are connected go on with them once the identity is used
    again, under another SID.

    Raises:
        ApiError: 50200.
    """
    user = users.claim(tx, actor, name)
    rows = [tables.by_sid(tx, place.conversation_sid) for place in _places(tx, user)]
    rosters = [row.roster_sid for row in rows if row is not None]
    claimed(tx, (user.conversations_sid, user.info_sid, *rosters))
    # Where it takes part is looked up again, now that it comes and goes no more. What it came to before that
    # is claimed behind the others: rarely enough for a deadlock now and then.
    left: list[Participant] = []
    for place in _places(tx, user):
        row = tables.by_sid(tx, place.conversation_sid)
        assert row is not None
        left.append(participants.take_out(tx, actor, row, place))
    for invite in invite_tables.of_user(tx, user.service_sid, user.identity):
        row = tables.by_sid(tx, invite.conversation_sid)
        assert row is not None
        invites.end(tx, row, invite)
    by = actor.of_sync()
    (info,) = objects.claim(tx, user.info_sid)
    objects.put(tx, by, info, users.FRIENDLY_NAME, UserValue(None))
    objects.put(tx, by, info, users.ATTRIBUTES, UserValue(NO_ATTRIBUTES))
    bindings.remove_all(tx, actor, user.identity)
    if access.administers(tx, user.service_sid, user.identity):
        tx.emit(RoleLost(user.service_sid, user.identity))
    user.deleted_ms = user.updated_ms = tx.date_ms
    tables.save_user(tx, user)
    return user, left


def _places(tx: Tx, user: User) -> list[tables.Place]:
    found: list[tables.Place] = []
    while True:
        after = found[-1].conversation_sid if found else ""
        chunk = tables.places_of_identity(tx, user.service_sid, user.identity, after, _CHUNK)
        found += chunk
        if len(chunk) < _CHUNK:
            return found
