from typing import Any

import msgspec
import pytest

from tests.support.world import World
from tsock.accounts import audit
from tsock.accounts.accounts import create_subaccount, rename_account, rotate_auth_token, set_status
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import create_key, delete_key
from tsock.accounts.principal import OPERATOR, Author
from tsock.accounts.revocations import revoke_identity
from tsock.accounts.services import delete_service, get_service
from tsock.conversations.hook_settings import HooksChange, change_of_account, change_of_service
from tsock.errors import ApiError
from tsock.sync.services import ServiceOptions, create_service, update_service


@pytest.fixture
def events(world: World) -> "Events":
    return Events(world)


class Events:
    """What was recorded since the world was made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before = {event["sid"] for event in self._all()}

    def __call__(self) -> list[dict[str, Any]]:
        return [event for event in self._all() if event["sid"] not in self._before]

    def _all(self) -> list[dict[str, Any]]:
        cursor = self._world.database.execute("SELECT * FROM audit_events ORDER BY at_ms, number")
        names = [column[0] for column in cursor.description]
        events = [dict(zip(names, row, strict=True)) for row in cursor]
        return [{**event, "properties": msgspec.json.decode(event["properties"])} for event in events]


def told(events: Events) -> list[tuple[str, str, dict[str, Any]]]:
    return [(event["event_type"], event["resource_sid"], event["properties"]) for event in events()]


def test_change_tells_who_made_it_what_was_before_and_what_is_now(world: World, events: Events):
    by = Author(world.account_sid, "account", "api", "192.0.2.7")
    world.now_ms += 5
    world(rename_account, world.account_sid, "Acme", by=by)
    (event,) = events()
    assert event.pop("sid").startswith("AE")
    del event["number"]
    assert event == {
        "account_sid": world.account_sid,
        "at_ms": world.now_ms,
        "event_type": "account.updated",
        "resource_type": "account",
        "resource_sid": world.account_sid,
        "actor_sid": world.account_sid,
        "actor_type": "account",
        "source": "api",
        "address": "192.0.2.7",
        "description": None,
        "properties": {"friendly_name": {"previous": "Development", "updated": "Acme"}},
    }


def test_operator_is_named_as_the_platform_itself(world: World, events: Events):
    world(set_status, world.account_sid, "suspended", by=OPERATOR)
    (event,) = events()
    assert [event[name] for name in ("actor_sid", "actor_type", "source", "address")] == [
        None,
        "operator",
        "twilio",
        None,
    ]


def test_life_of_a_key_and_of_a_service_is_told(world: World, events: Events):
    key, _ = world(create_key, world.vault, world.settings, world.account_sid, friendly_name="CI")
    world(delete_key, world.account_sid, key.sid)
    service = world(create_service, world.vault, world.account_sid, SYNC, ServiceOptions(friendly_name="a"))
    options = ServiceOptions(acl_enabled=True, reachability_debouncing_window_ms=7000)
    world(update_service, world.vault, world.account_sid, SYNC, service.sid, options)
    world(delete_service, world.account_sid, SYNC, service.sid)
    created, deleted, *of_service = told(events)
    assert created[:2] == ("key.created", key.sid)
    assert created[2] == {
        "kind": {"previous": None, "updated": "standard"},
        "friendly_name": {"previous": None, "updated": "CI"},
        "region": {"previous": None, "updated": "us1"},
    }
    assert deleted == ("key.deleted", key.sid, {})
    assert of_service[0][:2] == ("service.created", service.sid)
    assert of_service[1:] == [
        (
            "service.updated",
            service.sid,
            {
                "acl_enabled": {"previous": False, "updated": True},
                "reachability_debouncing_window": {"previous": 5000, "updated": 7000},
            },
        ),
        ("service.deleted", service.sid, {}),
    ]


def test_successor_of_a_deleted_default_service_is_told_too(world: World, events: Events):
    world(delete_service, world.account_sid, CHAT, "default")
    assert [event["event_type"] for event in events()] == ["service.deleted", "service.created"]


def test_revocation_is_told(world: World, events: Events):
    made = world(revoke_identity, world.account_sid, "alice", life_ms=1000)
    ((event_type, resource_sid, properties),) = told(events)
    assert (event_type, resource_sid) == ("revocation.created", made.sid)
    assert properties["identity"] == {"previous": None, "updated": "alice"}


def test_owner_may_read_what_happened_to_a_subaccount_and_the_subaccount_what_happened_to_its_keys(
    world: World, events: Events
):
    account = world(create_subaccount, world.vault, world.settings, world.account_sid)
    key, _ = world(create_key, world.vault, world.settings, account.sid)
    readers = {event["resource_sid"]: event["account_sid"] for event in events()}
    assert readers[account.sid] == world.account_sid
    assert readers[key.sid] == account.sid


def test_replaced_auth_token_is_told_without_either_token(world: World, events: Events):
    before = world.directory.account(world.account_sid)
    fresh = world(rotate_auth_token, world.vault, world.account_sid)
    after = world.directory.account(world.account_sid)
    (event,) = events()
    assert (event["event_type"], event["properties"]) == ("account.updated", {})
    assert event["description"] == "The Auth Token was replaced."
    assert before
    assert after
    for secret in (world.auth_token, fresh, before.auth_token, after.auth_token, after.test_token):
        assert secret not in str(event)


def test_no_secret_of_anything_is_in_any_event(world: World):
    account, key = world.subaccount()
    world(rotate_auth_token, world.vault, account.sid)
    world(
        create_service,
        world.vault,
        account.sid,
        SYNC,
        ServiceOptions(webhook_url="https://hook:hunter2@example.com/sync?to=a@b"),
    )
    rows = str(world.database.execute("SELECT * FROM audit_events").fetchall())
    stored = world.database.execute("SELECT auth_token FROM accounts UNION SELECT test_token FROM accounts")
    sealed = [row[0] for row in stored] + [
        row[0] for row in world.database.execute("SELECT secret FROM api_keys")
    ]
    for secret in (world.auth_token, world.key.secret, key.secret, "hunter2", *sealed):
        assert secret not in rows
    assert "https://example.com/sync?to=a@b" in rows


def test_no_password_of_a_webhook_of_conversations_is_in_any_event(world: World):
    url = "https://hook:hunter2@example.com/chat"
    change = HooksChange(pre_url=url, post_url=url)
    world(change_of_account, world.vault, world.account_sid, change)
    world(change_of_service, world.vault, world(get_service, world.account_sid, CHAT, "default"), change)
    changed = [msgspec.json.decode(event.properties) for event in world(audit.latest, 2)]
    assert [each.popitem()[1]["updated"]["pre_url"] for each in changed] == ["https://example.com/chat"] * 2
    assert "@" not in str(world.database.execute("SELECT properties FROM audit_events").fetchall())


def test_refused_change_leaves_no_event(world: World, events: Events):
    with pytest.raises(ApiError):
        world(rename_account, world.account_sid, "")
    assert events() == []
