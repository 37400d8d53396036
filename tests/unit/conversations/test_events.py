"""Whoever follows the events of a conversation knows what a fresh read shows, whatever everybody does."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.chat_world import ALICE, BOB, CAROL, REST, ChatWorld
from tsock.conversations import conversations, memberships, messages, participants
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.messages import MessageChange, NewMessage
from tsock.conversations.participants import NewParticipant, ParticipantChange
from tsock.errors import ApiError
from tsock.events import Event
from tsock.sync import tables
from tsock.sync.item_tables import items_of
from tsock.sync.kinds import DOCUMENT

ACTORS = (ALICE, BOB, CAROL, REST)
NAMES = ("alice", "bob", "carol")

who = st.sampled_from(ACTORS)
name = st.sampled_from(NAMES)
number = st.integers(0, 6)
step = st.one_of(
    st.tuples(st.just("add"), who, name),
    st.tuples(st.just("remove"), who, name),
    st.tuples(st.just("seat"), who, name),
    st.tuples(st.just("send"), who, number),
    st.tuples(st.just("edit"), who, number),
    st.tuples(st.just("delete"), who, number),
    st.tuples(st.just("rename"), who, number),
    st.tuples(st.just("read"), name, number),
    st.tuples(st.just("mute"), name, number),
    st.tuples(st.just("close"), who, number),
)


class Follower:
    """Applies events, each exactly in its turn."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.held: dict[str, dict[Any, Any]] = {}

    def take(self, event: Event) -> None:
        body = msgspec.json.decode(event.body)
        known = self.numbers.get(event.topic)
        assert event.seq is not None
        assert known is None or event.seq == known + 1, (event.topic, known, event.seq)
        self.numbers[event.topic] = event.seq
        held = self.held.setdefault(event.topic, {})
        key = body.get("item_key", body.get("item_index"))
        match event.kind.rpartition("_")[2]:
            case "added":
                assert key not in held
                held[key] = body["item_data"]
            case "updated":
                assert event.kind == "document_updated" or key in held
                held[key] = body.get("item_data", body.get("document_data"))
            case _:
                del held[key]


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=40))
def test_state_rebuilt_from_events_is_what_a_read_shows(steps: list[tuple[str, Any, Any]]) -> None:
    world, follower = ChatWorld(), Follower()
    sid = world(conversations.create, ALICE).row.sid
    row = world(conversations.find, REST, sid)
    follower.held[row.document_sid] = {None: content(world, row.document_sid)[None]}
    world.facts = []
    sent: list[str] = []
    for what, by, value in steps:
        try:
            made = do(world, sid, sent, what, by, value)
        except ApiError:
            made = None
        if what == "send" and made is not None:
            sent.append(made.data.sid)
        for event in world.heard():
            follower.take(event)
    for topic, held in follower.held.items():
        assert held == content(world, topic)
    roster = content(world, row.roster_sid)
    assert len({data["identity"] for data in roster.values()}) == len(roster)


def do(world: ChatWorld, sid: str, sent: list[str], what: str, by: Any, value: Any) -> Any:
    def message() -> str:
        return sent[value % len(sent)] if sent else "IM" + "0" * 32

    def as_named() -> Any:
        return ACTORS[NAMES.index(by)]

    rules = {
        "add": lambda: (participants.add, by, sid, NewParticipant(identity=value)),
        "remove": lambda: (participants.remove, by, sid, value),
        "seat": lambda: (participants.update, by, sid, value, ParticipantChange(attributes='{"seat":1}')),
        "send": lambda: (messages.send, by, sid, NewMessage(body=str(value))),
        "edit": lambda: (messages.update, by, sid, message(), MessageChange(body=f"{value}!")),
        "delete": lambda: (messages.remove, by, sid, message()),
        "rename": lambda: (conversations.update, by, sid, ConversationChange(friendly_name=str(value))),
        "read": lambda: (memberships.set_read_mark, as_named(), by, sid, value),
        "mute": lambda: (memberships.set_notification_level, as_named(), by, sid, "muted"),
        "close": lambda: (conversations.update, by, sid, ConversationChange(state="inactive")),
    }
    return world(*rules[what]())


def content(world: ChatWorld, sid: str) -> dict[Any, Any]:
    """Data by key, of a document under none."""
    root = tables.by_sid(world.tx.one, sid, with_data=True)
    assert root is not None
    if root.kind is DOCUMENT:
        return {None: msgspec.json.decode(root.data or "")}
    rows = items_of(root.kind).span(world.tx, sid, None, strict=False, descending=False, limit=1000)
    return {row.key: msgspec.json.decode(row.data) for row in rows}
