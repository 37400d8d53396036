from tests.support.world import World
from tsock.accounts.bootstrap import bootstrap
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import delete_key
from tsock.accounts.services import delete_service
from tsock.ids import Ids


def test_ready_made_credentials_are_the_same_for_a_seed_in_every_installation():
    worlds = [World(), World()]
    first, second = (world(bootstrap, world.vault, Ids(7), region="us1") for world in worlds)
    assert first == second
    assert first != worlds[0](bootstrap, worlds[0].vault, Ids(8), region="us1")


def test_second_start_finds_what_the_first_one_made(world: World):
    made = world(bootstrap, world.vault, Ids(0), region="us1")
    assert world.facts == []
    assert (made.account_sid, made.signing_key) == (world.account_sid, world.key)
    assert (made.sync_service_sid, made.chat_service_sid) == (world.sync_sid, world.chat_sid)


def test_credentials_open_everything(world: World):
    caller = world.accepted(world.token(products={SYNC: "default", CHAT: "default"}))
    assert caller.products == {SYNC: world.sync_sid, CHAT: world.chat_sid}
    key = world.directory.key(world.key.key_sid)
    assert key is not None
    assert key.kind == "standard"


def test_deleted_key_and_service_have_successors_that_stay(world: World):
    world(delete_key, world.account_sid, world.key.key_sid)
    world(delete_service, world.account_sid, SYNC, "default")
    again, once_more = (world(bootstrap, world.vault, Ids(0), region="us1") for _ in range(2))
    assert again == once_more
    assert again.account_sid == world.account_sid
    assert again.key_sid != world.key.key_sid
    assert again.sync_service_sid != world.sync_sid
    assert world.accepted(world.token(key=again.signing_key, products={SYNC: again.sync_service_sid}))


def test_secrets_do_not_show(world: World):
    made = world(bootstrap, world.vault, Ids(0), region="us1")
    assert made.key_secret not in repr(made)
    assert made.auth_token not in repr(made)
