"""Records of the helper libraries are used as what they stand for, by methods of their own."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.interop.library import Api, Record, Refused
from tests.interop.server import Account, until


class Kind(NamedTuple):
    """Records of one kind."""

    within: Callable[[Api], Api]
    """Where they are, in something made for them."""
    made: Record
    change: Record | None
    """None for those that stay as they are."""
    key: str = "sid"


def _sync(api: Api) -> Api:
    return api.sync.v1.services("default")


def _chat(api: Api) -> Api:
    return api.conversations.v1.services(api.conversations.v1.services.create(friendly_name="x")["sid"])


def _channel(api: Api) -> Api:
    service = api.chat.v2.services(api.chat.v2.services.create(friendly_name="x")["sid"])
    return service.channels(service.channels.create()["sid"])


def _conversation(service: Api) -> Api:
    return service.conversations(service.conversations.create()["sid"])


def _of(parents: str) -> Callable[[Api], Api]:
    def fresh(api: Api) -> Api:
        resource = getattr(_sync(api), parents)
        return resource(resource.create()["sid"])

    return fresh


NAMED, RENAMED = {"friendly_name": "one"}, {"friendly_name": "other"}
ROLE = {"friendly_name": "writer", "type": "conversation", "permission": ["sendMessage"]}
HOOK = {
    "target": "webhook",
    "configuration_url": "https://example.com/a",
    "configuration_filters": ["onMessageAdded"],
}

KINDS = {
    "Sync service": Kind(lambda api: api.sync.v1.services, NAMED, RENAMED),
    "document": Kind(lambda api: _sync(api).documents, {"data": {"n": 1}}, {"data": {"n": 2}}),
    "list": Kind(lambda api: _sync(api).sync_lists, {}, {"ttl": 600}),
    "map": Kind(lambda api: _sync(api).sync_maps, {}, {"ttl": 600}),
    "stream": Kind(lambda api: _sync(api).sync_streams, {}, {"ttl": 600}),
    "list item": Kind(
        lambda api: _of("sync_lists")(api).sync_list_items, {"data": {"n": 1}}, {"data": {"n": 2}}, "index"
    ),
    "map item": Kind(
        lambda api: _of("sync_maps")(api).sync_map_items,
        {"key": "a key", "data": {"n": 1}},
        {"data": {"n": 2}},
        "key",
    ),
    "service of Conversations": Kind(lambda api: api.conversations.v1.services, NAMED, None),
    "conversation": Kind(lambda api: _chat(api).conversations, NAMED, RENAMED),
    "participant": Kind(
        lambda api: _conversation(_chat(api)).participants, {"identity": "bob"}, {"attributes": '{"n":1}'}
    ),
    "message": Kind(lambda api: _conversation(_chat(api)).messages, {"body": "x"}, {"body": "y"}),
    "webhook of a conversation": Kind(
        lambda api: _conversation(_chat(api)).webhooks, HOOK, {"configuration_url": "https://example.com/b"}
    ),
    "user": Kind(lambda api: _chat(api).users, {"identity": "bob"}, RENAMED),
    "role": Kind(lambda api: _chat(api).roles, ROLE, {"permission": ["leaveConversation"]}),
    "credential": Kind(
        lambda api: api.conversations.v1.credentials, {"type": "fcm", "secret": "x", **NAMED}, RENAMED
    ),
    "conversation of the default service": Kind(
        lambda api: api.conversations.v1.conversations, NAMED, RENAMED
    ),
    "participant of the default service": Kind(
        lambda api: _conversation(api.conversations.v1).participants,
        {"identity": "bob"},
        {"attributes": '{"n":1}'},
    ),
    "message of the default service": Kind(
        lambda api: _conversation(api.conversations.v1).messages, {"body": "x"}, {"body": "y"}
    ),
    "user of the default service": Kind(lambda api: api.conversations.v1.users, {"identity": "bob"}, RENAMED),
    "service of Chat": Kind(lambda api: api.chat.v2.services, NAMED, RENAMED),
    "channel": Kind(lambda api: _channel(api).members, {"identity": "bob"}, {"attributes": '{"n":1}'}),
    "message of a channel": Kind(lambda api: _channel(api).messages, {"body": "x"}, {"body": "y"}),
    "invite": Kind(lambda api: _channel(api).invites, {"identity": "bob"}, None),
}


def _steps(kind: Kind) -> list[tuple[str, Record]]:
    return [("fetch", {})] if kind.change is None else [("fetch", {}), ("update", kind.change), ("fetch", {})]


def _gone(resource: Api, kind: Kind, record: Record) -> None:
    with pytest.raises(Refused, match=r"^404 "):
        resource(record[kind.key]).fetch()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_record_that_was_made_is_fetched_changed_and_removed(api: Api, kind: Kind) -> None:
    resource = kind.within(api)

    fetched, *later, removed = resource.record("create", {}, [*_steps(kind), ("delete", {})], **kind.made)

    if later:
        changed, again = later
        assert changed == again != fetched
    assert removed is True
    _gone(resource, kind, fetched)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_record_out_of_a_list_is_fetched_changed_and_removed(api: Api, kind: Kind) -> None:
    resource = kind.within(api)
    made = resource.create(**kind.made)
    like = {kind.key: made[kind.key]}

    fetched, *later, removed = resource.record("list", like, [*_steps(kind), ("delete", {})])

    assert fetched == made
    if later:
        changed, again = later
        assert changed == again != fetched
    assert removed is True
    _gone(resource, kind, made)


@pytest.mark.parametrize(
    ("parents", "permissions"),
    [
        ("documents", "document_permissions"),
        ("sync_lists", "sync_list_permissions"),
        ("sync_maps", "sync_map_permissions"),
    ],
)
def test_record_of_a_permission(api: Api, parents: str, permissions: str) -> None:
    resource = getattr(_of(parents)(api), permissions)
    rights = {"read": True, "write": False, "manage": False}
    own = [("fetch", {}), ("update", {**rights, "write": True}), ("delete", {})]
    for method, alike in (("update", {}), ("list", {"identity": "bob"})):
        made = resource("bob").update(**rights)
        within, given = (resource("bob"), rights) if method == "update" else (resource, {})
        fetched, changed, removed = within.record(method, alike, own, **given)
        assert (fetched, changed, removed) == (made, {**made, "write": True}, True)
        assert resource.list() == []


@pytest.mark.parametrize("listed", ["accounts", "keys", "signing_keys"])
def test_record_of_an_account_or_a_key(api: Api, account: Account, listed: str) -> None:
    v2010 = api.api.v2010
    own = v2010.accounts(account.sid)
    resource = v2010.accounts if listed == "accounts" else getattr(own, listed)
    made = (v2010.accounts if listed == "accounts" else getattr(own, f"new_{listed}")).create(**NAMED)
    like = {"sid": made["sid"]}

    fetched, changed, again = resource.record(
        "list", like, [("fetch", {}), ("update", RENAMED), ("fetch", {})]
    )

    assert (fetched["sid"], fetched["friendly_name"]) == (made["sid"], "one")
    assert changed == again
    assert again["friendly_name"] == "other"
    if listed != "accounts":
        assert resource.record("list", like, [("delete", {})]) == [True]
        with pytest.raises(Refused, match=r"^404 "):
            resource(made["sid"]).fetch()


SETTLED = {
    "account's Conversations": (
        lambda api: api.conversations.v1.configuration(),
        {"default_closed_timer": "P1D"},
    ),
    "account's webhooks": (lambda api: api.conversations.v1.configuration.webhooks(), {"method": "GET"}),
    "service": (lambda api: _chat(api).configuration(), {"reachability_enabled": True}),
    "service's webhooks": (lambda api: _chat(api).configuration.webhooks(), {"method": "GET"}),
    "service's notifications": (lambda api: _chat(api).configuration.notifications(), {"log_enabled": True}),
}


@pytest.mark.parametrize(("reach", "change"), SETTLED.values(), ids=SETTLED)
def test_record_of_a_configuration(api: Api, reach: Callable[[Api], Api], change: Record) -> None:
    fetched, changed, again = reach(api).record(
        "fetch", {}, [("fetch", {}), ("update", change), ("fetch", {})]
    )

    assert changed == again != fetched
    assert change.items() <= again.items()


def test_record_of_where_a_user_takes_part(api: Api) -> None:
    service = _chat(api)
    conversation = service.conversations.create()["sid"]
    service.conversations(conversation).participants.create(identity="bob")

    fetched, changed, removed = service.users("bob").user_conversations.record(
        "list", {}, [("fetch", {}), ("update", {"notification_level": "muted"}), ("delete", {})]
    )

    assert (fetched["notification_level"], changed["notification_level"], removed) == (
        "default",
        "muted",
        True,
    )
    assert service.users("bob").user_conversations.list() == []


def test_record_of_an_alert_and_of_an_event(api: Api) -> None:
    with pytest.raises(Refused):
        _sync(api).documents.create(ttl=-1)
    until(api.monitor.v1.alerts.list, "an alert")
    for resource in (api.monitor.v1.alerts, api.monitor.v1.events):
        sid = resource.list()[0]["sid"]
        (fetched,) = resource.record("list", {"sid": sid}, [("fetch", {})])
        assert fetched == resource(sid).fetch()
