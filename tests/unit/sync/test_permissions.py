from collections.abc import Callable
from unittest.mock import ANY

import pytest

from tests.support.sync_world import ALICE, LOCKED_ALICE, LOCKED_BOB, REST, SERVICE, World, json
from tsock.storage.keyset import START, Cursor, Slice
from tsock.storage.store import Tx
from tsock.sync import documents, items, lists, maps, pages, permissions, roots
from tsock.sync.actor import Actor
from tsock.sync.kinds import DOCUMENT, LIST, MAP, STREAM
from tsock.sync.models import Root
from tsock.sync.pages import Query
from tsock.sync.permissions import Permission, ReadRevoked

DATA = json(n=1)
FORBIDDEN = (403, 54007, "Access forbidden for identity")

Action = Callable[[Tx, Actor, Root], object]

READS: dict[str, Action] = {
    "root": lambda tx, actor, root: roots.fetch(tx, actor, MAP, root.sid),
    "item": lambda tx, actor, root: items.fetch(tx, actor, MAP, root.sid, "k"),
    "page": lambda tx, actor, root: pages.of_items(tx, actor, MAP, root.sid, Query(size=50)),
    "key": lambda tx, actor, root: pages.of_one(tx, actor, MAP, root.sid, "k", size=50),
}
WRITES: dict[str, Action] = {
    "ttl": lambda tx, actor, root: roots.set_ttl(tx, actor, MAP, root.sid, 60),
    "put": lambda tx, actor, root: maps.put(tx, actor, root.sid, "k", DATA),
    "add": lambda tx, actor, root: maps.add(tx, actor, root.sid, "new", DATA),
    "update": lambda tx, actor, root: items.update(tx, actor, MAP, root.sid, "k", data=DATA),
    "remove": lambda tx, actor, root: items.remove(tx, actor, MAP, root.sid, "k"),
}


@pytest.fixture
def shared(world: World) -> Root:
    root = world(roots.create, REST, MAP)
    world(maps.put, REST, root.sid, "k", DATA)
    return root


@pytest.mark.parametrize("action", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])
def test_without_a_permission_nothing_is_allowed(world: World, shared: Root, action: Action) -> None:
    assert world.refusal(action, LOCKED_BOB, shared) == FORBIDDEN
    assert world.refusal(roots.remove, LOCKED_BOB, MAP, shared.sid) == FORBIDDEN


@pytest.mark.parametrize("action", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])
def test_with_acl_off_or_over_rest_everything_is_allowed(world: World, shared: Root, action: Action) -> None:
    world(action, ALICE, shared)


def test_read_write_and_manage_are_independent(world: World, shared: Root) -> None:
    world(permissions.grant, shared, "bob", read=True, write=False, manage=False)
    for action in READS.values():
        world(action, LOCKED_BOB, shared)
    for action in WRITES.values():
        assert world.refusal(action, LOCKED_BOB, shared) == FORBIDDEN

    world(permissions.grant, shared, "bob", read=False, write=True, manage=False)
    for action in WRITES.values():
        world(action, LOCKED_BOB, shared)
    for action in READS.values():
        assert world.refusal(action, LOCKED_BOB, shared) == FORBIDDEN

    world(permissions.grant, shared, "bob", read=False, write=False, manage=True)
    world(roots.remove, LOCKED_BOB, MAP, shared.sid)


def test_documents_and_lists_are_guarded_too(world: World) -> None:
    document = world(roots.create, REST, DOCUMENT)
    rows = world(roots.create, REST, LIST)

    assert world.refusal(documents.update, LOCKED_BOB, document.sid, data=DATA) == FORBIDDEN
    assert world.refusal(lists.push, LOCKED_BOB, rows.sid, DATA) == FORBIDDEN
    assert world.refusal(lists.context, LOCKED_BOB, rows.sid) == FORBIDDEN
    assert world.refusal(lists.set_context, LOCKED_BOB, rows.sid, DATA) == FORBIDDEN


def test_absence_comes_before_permission_so_that_clients_can_create(world: World) -> None:
    assert world.refusal(roots.fetch, LOCKED_BOB, DOCUMENT, "board")[1] == 54300


def test_creator_may_use_its_new_object(world: World) -> None:
    root = world(roots.create, LOCKED_ALICE, DOCUMENT)

    world(documents.update, LOCKED_ALICE, root.sid, data=DATA)
    assert world.refusal(documents.update, LOCKED_BOB, root.sid, data=DATA) == FORBIDDEN
    world(roots.remove, LOCKED_ALICE, DOCUMENT, root.sid)


def test_permission_is_set_read_listed_and_taken_back(world: World, shared: Root) -> None:
    assert world.refusal(permissions.fetch, shared, "bob") == (404, 54354, "Permission not found")
    bob = world(permissions.grant, shared, "bob", read=True, write=True, manage=False)
    ann = world(permissions.grant, shared, "ann", read=True, write=False, manage=False)

    assert bob == Permission(shared.sid, "bob", read=True, write=True, manage=False)
    assert world(permissions.fetch, shared, "bob") == bob
    assert world(permissions.page, shared, START, 1) == ([ann], Slice(ANY, None, Cursor(("ann",))))
    assert world(permissions.page, shared, Cursor(("ann",)), 5)[0] == [bob]
    assert world.refusal(permissions.fetch, shared, "Bob")[1] == 54354

    world(permissions.remove, shared, "bob")

    assert world.refusal(permissions.remove, shared, "bob")[1] == 54354
    assert world(permissions.page, shared, START, 5)[0] == [ann]


@pytest.mark.parametrize("identity", ["", "x" * 257])
def test_identity_of_0_or_257_characters_is_refused(world: World, shared: Root, identity: str) -> None:
    refusal = world.refusal(permissions.grant, shared, identity, read=True, write=True, manage=True)

    assert refusal[:2] == (400, 54351)


def test_loss_of_read_is_told_so_that_delivery_can_stop(world: World, shared: Root) -> None:
    world.heard()
    told = ReadRevoked(SERVICE, shared.sid, "bob")

    world(permissions.grant, shared, "bob", read=True, write=False, manage=False)
    world(permissions.grant, shared, "bob", read=True, write=True, manage=False)
    assert world.facts == []
    world(permissions.grant, shared, "bob", read=False, write=True, manage=False)
    assert world.facts == [told]
    world(permissions.remove, shared, "bob")
    assert world.facts == [told]
    world(permissions.grant, shared, "bob", read=True, write=False, manage=False)
    world(permissions.remove, shared, "bob")
    assert world.facts == [told, told]


def test_readable_tells_which_of_many_objects_an_identity_may_see(world: World, shared: Root) -> None:
    own = world(roots.create, LOCKED_BOB, DOCUMENT)
    blind = world(roots.create, REST, DOCUMENT)
    world(permissions.grant, blind, "bob", read=False, write=True, manage=True)
    stream = world(roots.create, REST, STREAM)
    every = [shared, own, blind, stream]

    assert world(permissions.readable, LOCKED_BOB, every) == {own.sid, stream.sid}
    assert world(permissions.readable, ALICE, every) == {root.sid for root in every}
