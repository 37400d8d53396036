import msgspec
import pytest

from tests.support.world import World
from tests.unit.accounts.test_accounts import refused
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.services import (
    ServiceChange,
    create_service,
    delete_service,
    ensure_default,
    get_service,
    list_services,
)
from tsock.errors import ApiError
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
        "enabled": True,
        "options": "{}",
        "created_ms": world.now_ms,
        "updated_ms": world.now_ms,
        "deleted_ms": None,
    }


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b"])
def test_name_out_of_bounds_is_refused(world: World, name: str):
    args = world.account_sid, SYNC, ServiceChange(friendly_name=name)
    assert refused(world, create_service, *args) == (400, 54053)
    with pytest.raises(ApiError, match=f"not {len(name)} characters"):
        world(create_service, *args)


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
