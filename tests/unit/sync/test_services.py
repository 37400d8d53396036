"""What is Sync's own of a service."""

import sqlite3
from importlib import resources
from typing import Any

import msgspec
import pytest

from tests.support.world import World
from tests.unit.accounts.test_accounts import refused
from tsock.accounts import audit
from tsock.accounts.caller import SYNC
from tsock.accounts.services import delete_service, get_service
from tsock.sync.services import ServiceOptions, SyncOptions, create_service, options_of, update_service
from tsock.webhooks.targets import StoredUrl


@pytest.fixture
def world() -> World:
    return World()


def test_new_service_has_the_documented_options(world: World):
    made = world(create_service, world.vault, world.account_sid, SYNC)
    assert msgspec.to_builtins(options_of(made)) == {
        "acl_enabled": False,
        "webhook_url": None,
        "webhooks_from_rest_enabled": False,
        "reachability_webhooks_enabled": False,
        "reachability_debouncing_enabled": False,
        "reachability_debouncing_window_ms": 5000,
    }
    assert options_of(world(get_service, world.account_sid, SYNC, "default")) == options_of(made)


def test_options_that_are_unset_keep_their_values(world: World):
    options = ServiceOptions(friendly_name="a", acl_enabled=True, webhook_url="https://example.com/hook?x=1")
    sid = world(create_service, world.vault, world.account_sid, SYNC, options).sid
    world.now_ms += 3
    changed = world(
        update_service,
        world.vault,
        world.account_sid,
        SYNC,
        sid,
        ServiceOptions(webhook_url=None, acl_enabled=False),
    )
    assert (changed.friendly_name, options_of(changed)) == ("a", SyncOptions())
    assert changed.updated_ms == changed.created_ms + 3
    assert world.directory.service(sid) == changed


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"webhook_url": "https://example.com/" + "x" * 493}, 54051),
        ({"webhook_url": "example.com"}, 54051),
        ({"webhook_url": "ftp://example.com"}, 54051),
        ({"webhook_url": "https://"}, 54051),
        ({"webhook_url": "https://example.com:99999/"}, 54051),
        ({"webhook_url": "https://exa mple.com/"}, 54051),
        ({"webhook_url": "https://example.com/{id}"}, 54051),
        ({"webhook_url": "https://exa$mple.com/"}, 54051),
        ({"webhook_url": "https://ex\u00e4mple.com/"}, 54051),
        ({"webhook_url": ""}, 54051),
        ({"friendly_name": ""}, 54053),
        ({"friendly_name": "x" * 256}, 54053),
        ({"reachability_debouncing_window_ms": 999}, 20422),
        ({"reachability_debouncing_window_ms": 30_001}, 20422),
        ({"friendly_name": "", "webhook_url": "example.com"}, 54053),
        ({}, 54010),
    ],
)
def test_option_out_of_bounds_is_refused(world: World, options: dict[str, Any], code: int):
    args = world.vault, world.account_sid, SYNC, world.sync_sid, ServiceOptions(**options)
    assert refused(world, update_service, *args) == (400, code)


def test_longest_options_are_accepted(world: World):
    options = ServiceOptions(
        webhook_url="https://example.com/" + "x" * 492,
        friendly_name="x" * 255,
        reachability_debouncing_window_ms=30_000,
    )
    made = world(create_service, world.vault, world.account_sid, SYNC, options)
    assert options_of(made).webhook_url == options.webhook_url


def test_deleted_default_service_has_an_empty_successor_at_once(world: World):
    world(update_service, world.vault, world.account_sid, SYNC, "default", ServiceOptions(acl_enabled=True))
    token = world.token(products={SYNC: "default"})
    world(delete_service, world.account_sid, SYNC, "default")
    successor = world(get_service, world.account_sid, SYNC, "default")
    assert successor.sid != world.sync_sid
    assert options_of(successor) == SyncOptions()
    assert world.accepted(token).products == {SYNC: successor.sid}


def test_change_of_a_service_that_was_never_changed_is_told_against_the_defaults(world: World):
    world(update_service, world.vault, world.account_sid, SYNC, "default", ServiceOptions(acl_enabled=True))
    (event,) = world(audit.latest, 1, resource_sid=world.sync_sid)
    assert msgspec.json.decode(event.properties) == {"acl_enabled": {"previous": False, "updated": True}}


def test_options_of_older_data_are_kept():
    steps = resources.files("tsock.storage").joinpath("migrations")
    database = sqlite3.connect(":memory:")
    database.executescript(steps.joinpath("0001_auth.sql").read_text())
    database.executescript(steps.joinpath("0007_accounts.sql").read_text())
    url = 'https://example.com/?a="b"&c=\\d'
    insert = (
        "INSERT INTO services VALUES (?, 'AC1', 'data_sync', NULL, NULL, ?, ?, ?, ?, ?, ?, TRUE, 1, 1, NULL)"
    )
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute(insert, ("IS1", 1, url, 0, 1, 0, 7000))
    database.execute(insert, ("IS2", 0, None, 1, 0, 1, 5000))
    database.executescript(steps.joinpath("0009_service_options.sql").read_text())
    kept = {
        sid: msgspec.json.decode(options, type=SyncOptions)
        for sid, options in database.execute("SELECT sid, options FROM services")
    }
    assert kept == {
        "IS1": SyncOptions(
            acl_enabled=True,
            webhook_url=StoredUrl(url),
            reachability_webhooks_enabled=True,
            reachability_debouncing_window_ms=7000,
        ),
        "IS2": SyncOptions(webhooks_from_rest_enabled=True, reachability_debouncing_enabled=True),
    }
