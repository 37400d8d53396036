from typing import Any

import msgspec
import pytest

from tests.support.world import World
from tests.unit.accounts.test_accounts import refused
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.services import (
    ServiceOptions,
    create_service,
    delete_service,
    ensure_default,
    get_service,
    list_services,
    update_service,
)
from tsock.storage.keyset import START


def test_new_service_has_the_documented_defaults(world: World):
    service = world(create_service, world.account_sid, SYNC)
    assert world.facts == [service]
    assert msgspec.structs.asdict(service) == {
        "sid": service.sid,
        "account_sid": world.account_sid,
        "product": SYNC,
        "unique_name": None,
        "friendly_name": None,
        "acl_enabled": False,
        "webhook_url": None,
        "webhooks_from_rest_enabled": False,
        "reachability_webhooks_enabled": False,
        "reachability_debouncing_enabled": False,
        "reachability_debouncing_window_ms": 5000,
        "enabled": True,
        "created_ms": world.now_ms,
        "updated_ms": world.now_ms,
        "deleted_ms": None,
    }


def test_options_that_are_unset_keep_their_values(world: World):
    options = ServiceOptions(friendly_name="a", acl_enabled=True, webhook_url="https://example.com/hook?x=1")
    sid = world(create_service, world.account_sid, SYNC, options).sid
    world.now_ms += 3
    changed = world(
        update_service, world.account_sid, SYNC, sid, ServiceOptions(webhook_url=None, acl_enabled=False)
    )
    assert (changed.friendly_name, changed.acl_enabled, changed.webhook_url) == ("a", False, None)
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
        ({"webhook_url": "https://exa$mple.com/"}, 54051),
        ({"webhook_url": "https://ex\u00e4mple.com/"}, 54051),
        ({"webhook_url": ""}, 54051),
        ({"friendly_name": ""}, 54053),
        ({"friendly_name": "x" * 256}, 54053),
        ({"reachability_debouncing_window_ms": 999}, 20422),
        ({"reachability_debouncing_window_ms": 30_001}, 20422),
        ({}, 54010),
    ],
)
def test_option_out_of_bounds_is_refused(world: World, options: dict[str, Any], code: int):
    args = world.account_sid, SYNC, world.sync_sid, ServiceOptions(**options)
    assert refused(world, update_service, *args) == (400, code)


def test_longest_options_are_accepted(world: World):
    options = ServiceOptions(
        webhook_url="https://example.com/" + "x" * 492,
        friendly_name="x" * 255,
        reachability_debouncing_window_ms=30_000,
    )
    assert world(create_service, world.account_sid, SYNC, options).webhook_url == options.webhook_url


def test_service_is_found_by_sid_or_name_within_its_account_and_product(world: World):
    assert world(get_service, world.account_sid, SYNC, "default").sid == world.sync_sid
    assert world(get_service, world.account_sid, CHAT, "default").sid == world.chat_sid
    assert world(get_service, world.account_sid, SYNC, world.sync_sid).unique_name == "default"
    other, _ = world.another_account()
    for account_sid, name in (
        (other.sid, world.sync_sid),
        (world.account_sid, world.chat_sid),
        (world.account_sid, "Default"),
    ):
        assert refused(world, get_service, account_sid, SYNC, name) == (404, 20404)


def test_deleted_service_is_gone_for_rules_but_stays_on_record(world: World):
    sid = world.another_service()
    deleted = world(delete_service, world.account_sid, SYNC, sid)
    assert world.facts == [deleted]
    assert refused(world, get_service, world.account_sid, SYNC, sid) == (404, 20404)
    assert refused(world, delete_service, world.account_sid, SYNC, sid) == (404, 20404)
    assert world.directory.service(sid) == deleted


def test_deleted_default_service_has_an_empty_successor_at_once(world: World):
    world(update_service, world.account_sid, SYNC, "default", ServiceOptions(acl_enabled=True))
    token = world.token(products={SYNC: "default"})
    world(delete_service, world.account_sid, SYNC, "default")
    successor = world(get_service, world.account_sid, SYNC, "default")
    assert successor.sid != world.sync_sid
    assert not successor.acl_enabled
    assert world.accepted(token).products == {SYNC: successor.sid}


def test_default_service_is_made_once(world: World):
    assert world(ensure_default, world.account_sid, SYNC).sid == world.sync_sid
    assert world.facts == []


def test_services_of_one_product_are_listed_a_page_at_a_time_the_newest_first(world: World):
    made = [world.sync_sid]
    for _ in range(3):
        world.now_ms += 1
        made.append(world.another_service())
    world.another_service(CHAT)
    first, beside = world(list_services, world.account_sid, SYNC, START, 3)
    assert beside.next is not None
    rest, _ = world(list_services, world.account_sid, SYNC, beside.next, 3)
    assert [service.sid for service in first + rest] == made[::-1]
