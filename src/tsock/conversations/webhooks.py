"""The webhooks of each action, which its rule puts into the outbox (`docs/reference/webhooks.md`).

Every level that wants an event is told: account, service and conversation. What concerns one conversation, or
one user, stays in order at each.
"""

from collections.abc import Mapping
from typing import Literal

from tsock.clock import iso_ms
from tsock.conversations import hook_parameters, scoped_tables
from tsock.conversations.actor import ChatActor
from tsock.conversations.hook_parameters import Receipt, Told
from tsock.conversations.hooks import PostEvent
from tsock.conversations.models import ConversationData, MessageData, ParticipantData, StateName
from tsock.conversations.scoped_tables import ScopedWebhook
from tsock.conversations.tables import Conversation, Place, User
from tsock.errors import TsockError
from tsock.storage.store import Tx
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Method, Post
from tsock.webhooks.targets import StoredUrl

Reason = Literal["API", "TIMER", "EVENT"]
Where = tuple[StoredUrl, Method]
"""A URL, and how it is asked."""


class Rehearsed(TsockError):
    """The action would have been carried out; that it was not is what this error is for."""

    def __init__(self, told: Mapping[str, str]) -> None:
        super().__init__()
        self.told = told
        """What hooks are to be told before it is carried out."""


def of_conversation(
    tx: Tx, actor: ChatActor, event: PostEvent, row: Conversation, data: ConversationData
) -> None:
    """Tell what became of a conversation; of its end while its own webhooks are still there."""
    if _is_heard(actor, event, row):
        _tell(tx, actor, event, _dated(tx, event, hook_parameters.conversation(row, data)), row)


def of_state(
    tx: Tx, actor: ChatActor, row: Conversation, before: StateName, after: StateName, reason: Reason
) -> None:
    """Tell that a conversation is in another state."""
    if before == after or not _is_heard(actor, "onConversationStateUpdated", row):
        return
    told = {
        "ConversationSid": row.sid,
        "ChatServiceSid": row.service_sid,
        "MessagingServiceSid": row.messaging_service_sid,
        "StateUpdated": iso_ms(tx.date_ms),
        "StateFrom": before,
        "StateTo": after,
        "Reason": reason,
    }
    _tell(tx, actor, "onConversationStateUpdated", told, row)


def of_message(
    tx: Tx, actor: ChatActor, event: PostEvent, row: Conversation, index: int, data: MessageData
) -> None:
    """Tell what became of a message."""
    if _is_heard(actor, event, row):
        told = _dated(tx, event, hook_parameters.message(row, index, data))
        _tell(tx, actor, event, told, row, body=data.text)


def of_participant(
    tx: Tx, actor: ChatActor, event: PostEvent, row: Conversation, place: Place, data: ParticipantData
) -> None:
    """Tell what became of a participant."""
    if _is_heard(actor, event, row):
        _tell(tx, actor, event, _dated(tx, event, hook_parameters.participant(row, place, data)), row)


def of_user(tx: Tx, actor: ChatActor, event: PostEvent, user: User, told: Told) -> None:
    """Tell what became of a user; `told` is what is known of it (`hook_parameters.user`)."""
    if actor.webhooks is not None:
        _put_all(tx, actor, event, _given(actor, event, told), user.sid)


def of_receipt(tx: Tx, actor: ChatActor, row: Conversation, receipt: Receipt) -> None:
    """Tell how far a message has come with somebody outside."""
    if _is_heard(actor, "onDeliveryUpdated", row):
        _tell(tx, actor, "onDeliveryUpdated", hook_parameters.receipt(row, receipt), row)


def replay(
    tx: Tx, actor: ChatActor, hook: ScopedWebhook, row: Conversation, index: int, data: MessageData
) -> None:
    """Tell a webhook that is new of a message that is not."""
    told = hook_parameters.of_event("onMessageAdded", hook_parameters.message(row, index, data))
    _put_scoped(tx, actor, "onMessageAdded", told, hook, data.text)


def common(actor: ChatActor, event: str) -> dict[str, str]:
    """What every webhook says."""
    told = {"AccountSid": actor.account_sid, "EventType": event, "Source": actor.source}
    if actor.source == "SDK":
        told["ClientIdentity"] = actor.identity
    return told


def _is_heard(actor: ChatActor, event: PostEvent, row: Conversation) -> bool:
    """Whether there is anybody to tell, or a rehearsal to end."""
    levels = actor.webhooks
    return levels is not None and bool(actor.rehearses or row.webhooks or levels.after(event))


def _tell(
    tx: Tx, actor: ChatActor, event: PostEvent, told: Told, row: Conversation, *, body: str | None = None
) -> None:
    """Tell account, service and conversation."""
    given = _given(actor, event, told)
    _put_all(tx, actor, event, given, row.sid)
    if row.webhooks:
        for hook in scoped_tables.of_conversation(tx, row.sid):
            _put_scoped(tx, actor, event, given, hook, body)


def _given(actor: ChatActor, event: PostEvent, told: Told) -> dict[str, str]:
    """What is told of an event.

    Raises:
        Rehearsed: this was all that was wanted.
    """
    before = actor.rehearses
    if before is not None and event.startswith(before):  # onMessageAdd, onMessageAdded
        raise Rehearsed(hook_parameters.of_event(before, told))
    return hook_parameters.of_event(event, told)


def _put_all(tx: Tx, actor: ChatActor, event: PostEvent, told: dict[str, str], subject: str) -> None:
    assert actor.webhooks is not None
    for name, hooks in actor.webhooks.after(event):
        assert hooks.post_url is not None
        _put(tx, actor, event, told, f"{subject}/{name}", (hooks.post_url, hooks.method))


def _put_scoped(
    tx: Tx, actor: ChatActor, event: PostEvent, told: dict[str, str], hook: ScopedWebhook, body: str | None
) -> None:
    if hook.wants(event, body):
        given = hook.configuration
        assert given.url is not None
        _put(tx, actor, event, told, f"{hook.conversation_sid}/{hook.sid}", (given.url, given.method))


def _put(tx: Tx, actor: ChatActor, event: str, told: dict[str, str], topic: str, to: Where) -> None:
    outbox.put(
        tx,
        Post(
            account_sid=actor.account_sid,
            service_sid=actor.service_sid,
            kind="conversations",
            event_type=event,
            topic=topic,
            url=to[0],
            parameters=common(actor, event) | told,
            method=to[1],
        ),
    )


def _dated(tx: Tx, event: PostEvent, told: Told) -> Told:
    return {**told, "DateRemoved": iso_ms(tx.date_ms)} if event.endswith("Removed") else told
