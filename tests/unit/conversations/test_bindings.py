"""Which devices users are notified on, and what others see of that."""

from typing import Any

import pytest

from tests.support.chat_world import ALICE, BOB, REST, STRANGER, ChatWorld, sdk
from tsock.cluster import nodes
from tsock.cluster.nodes import Node
from tsock.conversations import bindings, cleanup, reachability, tables, users
from tsock.conversations.bindings import Binding, NewBinding
from tsock.conversations.models import Reachability
from tsock.conversations.push import NEW_MESSAGE
from tsock.conversations.reachability import Sighting
from tsock.storage.keyset import START

SEEN_ALICE, SEEN_BOB = sdk("alice", reachability_enabled=True), sdk("bob", reachability_enabled=True)


def device(endpoint: str = "phone", **fields: Any) -> NewBinding:
    return NewBinding(endpoint=endpoint, **{"type": "fcm", "message_types": [NEW_MESSAGE], **fields})


def everything(world: ChatWorld) -> list[Binding]:
    return world(bindings.page, REST, (), (), START, 50)[0]


def shown(world: ChatWorld, identity: str) -> Reachability | None:
    """What a user's info says."""
    user = world(users.find, REST, identity)
    return world(users.profile, user).reachability


def test_device_that_is_registered_again_keeps_its_binding(world: ChatWorld) -> None:
    made = world(bindings.register, ALICE, device(message_types=["a", "a", "b"]))
    world.after(1)
    again = world(bindings.register, ALICE, device(credential_sid="CR1"))
    assert again.sid == made.sid
    (kept,) = everything(world)
    assert (kept.names, kept.credential_sid) == ([NEW_MESSAGE], "CR1")
    assert kept.updated_ms == kept.created_ms + 1000


def test_device_is_whoevers_it_was_registered_by_last(world: ChatWorld) -> None:
    first = world(bindings.register, SEEN_ALICE, device())
    second = world(bindings.register, SEEN_BOB, device())
    assert [(binding.sid, binding.identity) for binding in everything(world)] == [(second.sid, "bob")]
    assert (shown(world, "alice"), shown(world, "bob")) == (Reachability(), Reachability(notifiable=True))
    world(bindings.unregister, SEEN_ALICE, first.sid)
    world(bindings.unregister_endpoint, SEEN_ALICE, "fcm", "phone")
    assert [binding.sid for binding in everything(world)] == [second.sid]


def test_devices_of_one_name_are_told_apart_by_type_and_service(world: ChatWorld) -> None:
    world(bindings.register, ALICE, device())
    world(bindings.register, ALICE, device(type="apn"))
    world(bindings.register, STRANGER, device())
    assert len(everything(world)) == 2
    world(bindings.unregister_endpoint, ALICE, "fcm", "phone")
    assert [binding.type for binding in everything(world)] == ["apn"]


def test_what_is_not_registered_is_forgotten_without_complaint(world: ChatWorld) -> None:
    world(bindings.unregister, ALICE, "BS" + "0" * 32)
    for kind, endpoint in (("fcm", "phone"), ("fcm", "a\0b"), ("a\0b", "phone")):
        world(bindings.unregister_endpoint, ALICE, kind, endpoint)


def test_too_many_devices_push_out_the_one_registered_longest_ago(world: ChatWorld) -> None:
    for name in ("a", "b", "c"):
        world(bindings.register, ALICE, device(name))
        world.after(1)
    world(bindings.register, ALICE, device("a"))
    world.after(1)
    world(bindings.register, BOB, device("other"))
    world(bindings.register, ALICE, device("d"))
    assert sorted(binding.endpoint for binding in everything(world)) == ["a", "c", "d", "other"]


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (device(type="sms"), 50209),
        (device(""), 20422),
        (device("x" * 4097), 20422),
        (device("a\0b"), 20422),
        (device(message_types=["a"] * 21), 20422),
        (device(message_types=["a" * 101]), 20422),
    ],
)
def test_device_that_cannot_be_is_refused(world: ChatWorld, new: NewBinding, code: int) -> None:
    assert world.refusal(bindings.register, ALICE, new)[:2] == (400, code)


def test_page_can_be_of_some_types_and_identities(world: ChatWorld) -> None:
    for actor, kind in ((ALICE, "fcm"), (ALICE, "apn"), (BOB, "apn")):
        world(bindings.register, actor, device(actor.identity, type=kind))

    def found(*asked: Any) -> set[tuple[str, str]]:
        return {(one.identity, one.type) for one in world(bindings.page, REST, *asked, START, 50)[0]}

    assert found(["apn"], []) == {("alice", "apn"), ("bob", "apn")}
    assert found(["apn", "gcm"], ["alice"]) == {("alice", "apn")}
    assert found([], ["alice", "carol"]) == {("alice", "fcm"), ("alice", "apn")}
    first, rows = world(bindings.page, REST, (), (), START, 2)
    assert rows.next is not None
    rest, _ = world(bindings.page, REST, (), (), rows.next, 2)
    assert len({one.sid for one in [*first, *rest]}) == 3


def test_rest_finds_and_removes_by_sid(world: ChatWorld) -> None:
    made = world(bindings.register, SEEN_ALICE, device())
    assert world(bindings.find, REST, made.sid).endpoint == "phone"
    assert world.refusal(bindings.find, STRANGER, made.sid)[:2] == (404, 20404)
    world(bindings.remove, sdk("", reachability_enabled=True), made.sid)
    assert world.refusal(bindings.remove, REST, made.sid)[:2] == (404, 20404)
    assert shown(world, "alice") == Reachability()


def test_device_shows_in_no_text(world: ChatWorld) -> None:
    made = world(bindings.register, ALICE, device("secret-token"))
    assert "secret-token" not in f"{made!r} {device('secret-token')!r}"


# Reachability.


def test_user_is_notifiable_while_there_is_a_device(world: ChatWorld) -> None:
    world.facts = []
    world(bindings.register, ALICE, device("phone"))
    assert world.told() == []  # the service does not want it
    world(bindings.register, SEEN_ALICE, device("desk"))
    assert world.told() == [("map_item_added", {"online": False, "notifiable": True})]
    world(bindings.register, SEEN_ALICE, device("desk"))
    world(bindings.unregister_endpoint, SEEN_ALICE, "fcm", "desk")
    assert world.told() == []
    world(bindings.unregister_endpoint, SEEN_ALICE, "fcm", "phone")
    assert world.told() == [("map_item_updated", {"online": False, "notifiable": False})]


def test_either_of_both_leaves_the_other_as_it_is(world: ChatWorld) -> None:
    world(reachability.settle, [Sighting(SEEN_ALICE, "a", is_connected=True)], "a")
    world(bindings.register, SEEN_ALICE, device())
    assert shown(world, "alice") == Reachability(online=True, notifiable=True)
    world(reachability.settle, [Sighting(SEEN_ALICE, "a", is_connected=False)], "a")
    assert shown(world, "alice") == Reachability(notifiable=True)


def test_user_is_online_while_connected_to_any_node(world: ChatWorld) -> None:
    for node in ("a", "b"):
        world(reachability.settle, [Sighting(SEEN_ALICE, node, is_connected=True)], node)
    world(reachability.settle, [Sighting(SEEN_ALICE, "a", is_connected=False)], "a")
    assert shown(world, "alice") == Reachability(online=True)
    world(reachability.settle, [Sighting(SEEN_ALICE, "b", is_connected=False)], "b")
    assert shown(world, "alice") == Reachability()


def test_node_that_serves_is_not_spoken_for_by_another(world: ChatWorld) -> None:
    world(nodes.renew, Node("a", "a", "1.0", "127.0.0.1:1"))
    world(reachability.settle, [Sighting(SEEN_ALICE, "a", is_connected=True)], "a")
    world(reachability.settle, [Sighting(SEEN_ALICE, "a", is_connected=False)], "b")
    assert shown(world, "alice") == Reachability(online=True)
    world(nodes.remove, "a")
    world(reachability.settle, [Sighting(SEEN_ALICE, "a", is_connected=False)], "b")
    assert shown(world, "alice") == Reachability()


def test_what_was_told_once_is_kept_right_while_the_service_does_not_want_it(world: ChatWorld) -> None:
    made = world(bindings.register, SEEN_ALICE, device())
    world(bindings.unregister, ALICE, made.sid)
    assert shown(world, "alice") == Reachability()


def test_there_is_something_to_tell_of_users_online_or_with_a_device(world: ChatWorld) -> None:
    world(reachability.settle, [Sighting(SEEN_ALICE, "a", is_connected=True)], "a")
    for name in ("phone", "desk"):
        world(bindings.register, SEEN_BOB, device(name))
    service_sid = ALICE.service_sid
    assert world(reachability.known, (service_sid, ""), 10) == [(service_sid, "alice"), (service_sid, "bob")]
    assert world(reachability.known, (service_sid, "alice"), 10) == [(service_sid, "bob")]
    assert world(reachability.of_node, "a", ("", ""), 10) == [(service_sid, "alice")]
    assert world(reachability.of_node, "a", (service_sid, "alice"), 10) == []
    assert world(reachability.of_node, "b", ("", ""), 10) == []


def test_user_who_is_seen_first_has_the_role_of_its_token(world: ChatWorld) -> None:
    admin = world(users.ensure, REST, "alice")
    seen = Sighting(sdk("dave", reachability_enabled=True), "a", is_connected=True, role_sid=admin.role_sid)
    world(reachability.settle, [seen, Sighting(sdk("nobody"), "a", is_connected=True)], "a")
    dave = world(tables.user, ALICE.service_sid, "dave")
    assert dave is not None
    assert dave.role_sid == admin.role_sid
    assert world(tables.user, ALICE.service_sid, "nobody") is None


def test_deleted_service_leaves_nothing(world: ChatWorld) -> None:
    world(bindings.register, SEEN_ALICE, device())
    world(reachability.settle, [Sighting(SEEN_ALICE, "a", is_connected=True)], "a")
    while world(cleanup.remove_content, ALICE.service_sid, 1):
        pass
    assert world(reachability.known, (ALICE.service_sid, ""), 10) == []
