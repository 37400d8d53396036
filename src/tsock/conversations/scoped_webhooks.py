"""The webhooks of single conversations, told after the action; over REST alone."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tsock.accounts import webhook_urls
from tsock.accounts.secrets import Vault
from tsock.conversations import conversations, objects, scoped_tables, webhooks
from tsock.conversations.actor import ChatActor
from tsock.conversations.hook_values import checked_filters, checked_method
from tsock.conversations.models import MessageData
from tsock.conversations.scoped_tables import Configuration, ScopedTarget, ScopedWebhook
from tsock.conversations.tables import Conversation
from tsock.errors import ApiError, invalid
from tsock.ids import is_sid
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.sync.item_tables import items_of
from tsock.sync.kinds import LIST
from tsock.webhooks.targets import StoredUrl

WEBHOOKS_MAX = 5
TRIGGERS_MAX = 5
TRIGGER_CHARS_MAX = 256
URL_CHARS_MAX = 2048
REPLAY_MAX = 1000
"""Messages that a new webhook is told of, which are put into the outbox in one transaction."""

TARGETS = ("webhook", "trigger", "studio")


class WebhookChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be set of a configuration; what is unset keeps its value."""

    url: str | UnsetType | None = UNSET
    method: str | UnsetType = UNSET
    filters: tuple[str, ...] | UnsetType = UNSET
    triggers: tuple[str, ...] | UnsetType = UNSET
    flow_sid: str | UnsetType | None = UNSET


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made."""

    target: str | None = None
    url: str | None = None
    method: str = "POST"
    filters: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    flow_sid: str | None = None
    replay_after: int | None = None
    """The index of the first message that it is told of, of those that are there."""


def create(tx: Tx, vault: Vault, actor: ChatActor, name: str, new: NewWebhook) -> ScopedWebhook:
    """Make one, and tell it of messages that are there if it asks for them.

    Raises:
        ApiError: 50350; 50361 too many; 50054, 50055, 50362, 50364 to 50372 bad values; 20422, it asks for
            too many messages.
    """
    # With the messages: so it is told of each, now or when it is sent.
    row = conversations.claim(tx, actor, name, "messages_sid")[0].row
    if len(scoped_tables.of_conversation(tx, row.sid)) >= WEBHOOKS_MAX:
        raise ApiError(
            403, 50361, f"Too many conversation webhooks: a conversation has at most {WEBHOOKS_MAX}"
        )
    if not new.target:
        raise ApiError(400, 50368, f"Conversation webhook type not provided: expected {_list(TARGETS)}")
    if new.target not in TARGETS:
        raise ApiError(
            400,
            50364,
            f"Invalid conversation webhook type: expected {_list(TARGETS)}, not {new.target!r:.64}",
        )
    target: ScopedTarget = new.target
    method = checked_method(new.method)
    url = _checked_url(vault, actor, target, new.url)
    given = Configuration(url, method, new.filters, new.triggers, new.flow_sid or None)
    hook = ScopedWebhook(
        sid=tx.sid("WH"),
        service_sid=row.service_sid,
        conversation_sid=row.sid,
        target=target,
        configuration=_checked(target, given),
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )
    scoped_tables.insert(tx, hook)
    if new.replay_after is not None:
        _replay(tx, actor, hook, row, new.replay_after)
    return hook


def page(tx: Tx, actor: ChatActor, name: str, place: Cursor, size: int) -> tuple[list[ScopedWebhook], Slice]:
    """A page of a conversation's, the oldest first.

    Raises:
        ApiError: 50350.
    """
    return scoped_tables.page(tx, conversations.find(tx, actor, name).sid, place, size)


def find(tx: Tx, actor: ChatActor, name: str, sid: str) -> ScopedWebhook:
    """One of a conversation's.

    Raises:
        ApiError: 50350; 50360.
    """
    return _find(tx, conversations.find(tx, actor, name), sid)


def update(
    tx: Tx, vault: Vault, actor: ChatActor, name: str, sid: str, change: WebhookChange
) -> ScopedWebhook:
    """Set what the change says.

    Raises:
        ApiError: 50350; 50360; 50054, 50055, 50362, 50365 to 50372 bad values.
    """
    row = conversations.claim(tx, actor, name, "messages_sid")[0].row
    hook = _find(tx, row, sid)
    given: dict[str, Any] = msgspec.to_builtins(change)
    if "method" in given:
        given["method"] = checked_method(given["method"])
    if change.url is not UNSET:
        given["url"] = _checked_url(vault, actor, hook.target, change.url)
    for name_of_many in ("filters", "triggers"):
        if name_of_many in given:
            given[name_of_many] = tuple(given[name_of_many])
    configuration = _checked(hook.target, msgspec.structs.replace(hook.configuration, **given))
    changed = msgspec.structs.replace(hook, configuration=configuration, updated_ms=tx.date_ms)
    scoped_tables.save(tx, changed)
    return changed


def remove(tx: Tx, actor: ChatActor, name: str, sid: str) -> None:
    """End one.

    Raises:
        ApiError: 50350; 50360.
    """
    row = conversations.claim(tx, actor, name, "messages_sid")[0].row
    scoped_tables.delete(tx, _find(tx, row, sid))


def _find(tx: Tx, row: Conversation, sid: str) -> ScopedWebhook:
    hook = scoped_tables.find(tx, row.sid, sid)
    if hook is None:
        raise ApiError(404, 50360, f"Conversation webhook not found: there is none named {sid[:64]}")
    return hook


def _checked(target: ScopedTarget, given: Configuration) -> Configuration:
    """The configuration as far as its target has a use for it."""
    if target == "studio":
        if not (given.flow_sid and is_sid(given.flow_sid, "FW")):
            raise ApiError(400, 50367, "Invalid conversation webhook flow SID: expected FW and 32 hex digits")
        return Configuration(flow_sid=given.flow_sid)
    if target == "webhook":
        if not given.filters:
            raise ApiError(
                400, 50370, "Conversation webhook filter not provided: expected the names of events"
            )
        filters = checked_filters(given.filters, 50365, "conversation webhook filter", before=False)
        return Configuration(given.url, given.method, filters=filters)
    if not given.triggers:
        raise ApiError(400, 50371, "Conversation webhook trigger not provided: expected words")
    if len(given.triggers) > TRIGGERS_MAX:
        raise ApiError(
            400,
            50362,
            f"Too many conversation webhook triggers: {len(given.triggers)}, at most {TRIGGERS_MAX} allowed",
        )
    bad = next((word for word in given.triggers if not 1 <= len(word) <= TRIGGER_CHARS_MAX), None)
    if bad is not None:
        raise ApiError(
            400,
            50366,
            f"Invalid conversation webhook trigger: expected words of 1 to {TRIGGER_CHARS_MAX} characters, "
            f"not {len(bad)}",
        )
    return Configuration(given.url, given.method, triggers=given.triggers)


def _checked_url(vault: Vault, actor: ChatActor, target: ScopedTarget, url: str | None) -> StoredUrl | None:
    """What is kept of a URL; None of one that is never called."""
    if target == "studio":
        return None
    if not url:
        raise ApiError(400, 50369, "Conversation webhook URL not provided: expected Configuration.Url")
    if len(url) > URL_CHARS_MAX:
        raise ApiError(
            400,
            50372,
            f"Conversation webhook URL is too long: {len(url)} characters, at most {URL_CHARS_MAX} allowed",
        )
    try:
        return webhook_urls.checked(vault, actor.account_sid, url, URL_CHARS_MAX)
    except ValueError as flaw:
        raise ApiError(400, 50054, f"Invalid webhook format: {flaw}") from None


def _replay(tx: Tx, actor: ChatActor, hook: ScopedWebhook, row: Conversation, first: int) -> None:
    if first < 0:
        raise invalid("Configuration.ReplayAfter is the index of a message, a whole number from 0")
    found = items_of(LIST).span(
        tx, row.messages_sid, first, strict=False, descending=False, limit=REPLAY_MAX + 1
    )
    if len(found) > REPLAY_MAX:
        raise invalid(f"Configuration.ReplayAfter reaches back over more than {REPLAY_MAX} messages")
    for item in found:
        assert isinstance(item.key, int)
        webhooks.replay(tx, actor, hook, row, item.key, objects.decoded(item, MessageData))


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)
