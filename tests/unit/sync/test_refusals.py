"""What an error says beside the text that the SDKs know: what came, and what to do."""

import shlex
from collections.abc import Callable

import pytest

from tests.support.sync_world import ACCOUNT, ALICE, LOCKED_ALICE, SERVICE, World, json
from tsock.errors import ApiError
from tsock.sync import data, documents, items, lists, maps, params, permissions, roots
from tsock.sync.actor import Actor, SyncLimits
from tsock.sync.kinds import DOCUMENT, LIST, MAP

LIMITS = SyncLimits()


def said(ask: Callable[[], object]) -> str:
    with pytest.raises(ApiError) as refused:
        ask()
    return refused.value.message


@pytest.mark.parametrize(
    ("ask", "came"),
    [
        (lambda: data.required(b'{"a":"%s"}' % (b"x" * 16_384), DOCUMENT, LIMITS), "has 16392 bytes"),
        (lambda: params.ttl(-5, LIMITS), "not -5"),
        (lambda: params.ttl("soon", LIMITS), "not 'soon'"),
        (lambda: params.if_match("W/x"), "not 'W/x'"),
        (lambda: params.item_key(MAP, "", LIMITS), "not 0 characters"),
    ],
)
def test_parameter_is_refused_with_what_came(ask: Callable[[], object], came: str) -> None:
    assert came in said(ask)


def test_what_is_absent_or_in_the_way_is_named() -> None:
    world = World()
    board = world(roots.create, ALICE, MAP, unique_name="board")
    rows = world(roots.create, ALICE, LIST)
    world(maps.add, ALICE, board.sid, "k", json())
    for rule, args, told in (
        (roots.fetch, (DOCUMENT, "plan"), "there is no document named plan"),
        (roots.fetch, (MAP, "MP" + "0" * 32), "Map not found: MP" + "0" * 32),
        (items.fetch, (MAP, board.sid, "z"), f"{board.sid} has none of key z"),
        (items.fetch, (LIST, rows.sid, 7), f"{rows.sid} has none of index 7"),
        (maps.add, (board.sid, "k", json()), f"{board.sid} has one of key k"),
        (maps.put, (board.sid, "x" * 321, json()), "not 321 characters"),
    ):
        assert told in world.error(rule, ALICE, *args).message
    assert "there is a map named board" in world.error(roots.create, ALICE, MAP, unique_name="board").message
    stale = world.error(items.update, ALICE, MAP, board.sid, "k", data=json(), if_match="5f")
    assert stale.message.endswith("expected 5f, but it is 0")
    absent = world.error(maps.put, ALICE, board.sid, "z", json(), if_match="5f")
    assert absent.message.endswith("expected 5f, but there is no such item")
    for rule in (permissions.fetch, permissions.remove):
        assert f"nothing is set on {board.sid} for bob" in world.error(rule, board, "bob").message
    rights = {"read": True, "write": True, "manage": True}
    for identity in ("", "x" * 257):
        said = world.error(permissions.grant, board, identity, **rights).message
        assert said.endswith(f"not {len(identity)}")


@pytest.mark.parametrize("identity", ["bob", "bob's; rm -rf /"])
def test_missing_right_is_named_and_operators_are_told_the_command_that_adds_it(identity: str) -> None:
    world = World()
    root = world(roots.create, LOCKED_ALICE, DOCUMENT)
    asker = Actor(ACCOUNT, SERVICE, identity, acl_enabled=True)
    world(permissions.grant, root, identity, read=True, write=False, manage=False)

    error = world.error(documents.update, asker, root.sid, data=json())

    missing = f"{identity} has no write permission on {root.sid}"
    assert error.message == f"Access forbidden for identity: {missing}"
    assert error.fix is not None
    command = shlex.split(error.fix.partition("`")[2].rpartition("`")[0])
    assert command == [
        *("tsock", "permission", "set", root.sid, identity, "--read", "--write"),
        *("--service", SERVICE, "--account", ACCOUNT),
    ]


def test_full_list_says_how_many_it_holds() -> None:
    world = World()
    few = Actor(ACCOUNT, SERVICE, "alice", limits=SyncLimits(items_max=1))
    rows = world(roots.create, few, LIST)
    world(lists.push, few, rows.sid, json())
    assert "at most 1 items" in world.error(lists.push, few, rows.sid, json()).message
