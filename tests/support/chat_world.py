"""Rules of Conversations, run one after another by users of one service."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tests.support.guarded import GuardedTx
from tests.support.sync_world import ACCOUNT, SERVICE, World
from tsock.accounts.secrets import Vault
from tsock.conversations import conversations, messages, participants, users
from tsock.conversations.actor import ChatActor, ChatLimits
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.messages import NewMessage
from tsock.conversations.participants import NewParticipant
from tsock.conversations.services import ChatOptions

LIMITS = ChatLimits(
    participants_max=5,
    outside_participants_max=2,
    conversations_per_user_max=3,
    unread_max=4,
    bindings_per_user_max=3,
)
"""Small enough to be met."""


def sdk(identity: str, **options: Any) -> ChatActor:
    """A user with an SDK."""
    return ChatActor(ACCOUNT, SERVICE, identity, ChatOptions(**options), LIMITS, source="SDK")


VAULT = Vault(b"m" * 32)
ALICE, BOB, CAROL = sdk("alice"), sdk("bob"), sdk("carol")
REST = ChatActor(ACCOUNT, SERVICE, limits=LIMITS)
STRANGER = ChatActor(ACCOUNT, "IS" + "f" * 32, "alice", limits=LIMITS, source="SDK")


class OrderedTx(GuardedTx):
    """Insists as well that a rule claims objects in the order of SIDs, or two could wait for each other.

    A conversation or user is claimed before any object: behind one, only what is claimed already is.
    """

    def begin_rule(self, now_ms: int, date_ms: int) -> None:
        super().begin_rule(now_ms, date_ms)
        self.latest = ""

    def hold(self, sql: str, rows: Sequence[Any]) -> None:
        before = set(self.held)
        super().hold(sql, rows)
        fresh = {key for key in self.held - before if isinstance(key, tuple)}
        owners = [key for key in fresh if key[0] in ("chat_conversations", "chat_users")]
        assert not (owners and self.latest), f"{owners} are claimed behind {self.latest}"
        sids = [row[0] for row in rows if ("sync_objects", row[0]) in fresh]
        for sid in sids:
            assert sid > self.latest, f"{sid} is claimed behind {self.latest}"
            self.latest = sid


class ChatWorld(World):
    """A service that its users have come to."""

    transaction = OrderedTx

    def __init__(self) -> None:
        super().__init__()
        for actor in (ALICE, BOB, CAROL):
            self(users.ensure, actor, actor.identity)
        self.facts = []

    def conversation(self, *others: str, by: ChatActor = ALICE, **change: Any) -> str:
        """A conversation that its creator joined and added others to; its SID."""
        sid = self(conversations.create, by, ConversationChange(**change)).row.sid
        for identity in (by.identity, *others):
            self.add(sid, identity, by=by)
        self.facts = []
        return sid

    def add(self, sid: str, identity: str, *, by: ChatActor = ALICE, **new: Any) -> str:
        """Add somebody; the participant's SID."""
        return self(participants.add, by, sid, NewParticipant(identity=identity, **new)).place.sid

    def say(self, sid: str, *bodies: str, by: ChatActor = ALICE, **new: Any) -> list[str]:
        """Send messages; their SIDs."""
        return [self(messages.send, by, sid, NewMessage(body=body, **new)).data.sid for body in bodies]

    def told(self) -> list[tuple[str, Any]]:
        """Kind and data of each event since the last call; of a removal its last data."""
        found: list[tuple[str, Any]] = []
        for event in self.heard():
            body = msgspec.json.decode(event.body)
            found.append((event.kind, body.get("item_data", body.get("document_data"))))
        return found
