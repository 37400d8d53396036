"""A map may hold a million items: whatever the rules ask the database must be answered by an index."""

import sqlite3
from typing import Any

import pytest

from tests.support.sync_world import ALICE, LOCKED_ALICE, SERVICE, World, json
from tsock.storage.keyset import END, START, Cursor
from tsock.sync import cleanup, documents, expiry, items, lists, maps, pages, permissions, replay, roots
from tsock.sync.kinds import DOCUMENT, KINDS, LIST, MAP
from tsock.sync.pages import Query

pytestmark = pytest.mark.sqlite

DATA = json(n=1)


class Noting(sqlite3.Connection):
    """Notes every statement that it is asked with parameters, as it was written."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked: set[str] = set()

    def execute(self, sql: str, *params: Any) -> sqlite3.Cursor:
        if params:
            self.asked.add(sql)
        return super().execute(sql, *params)


@pytest.fixture
def database() -> Noting:
    """One that was asked every statement of the rules, and nothing else."""
    world = World(Noting)
    assert isinstance(world.database, Noting)
    world.database.asked.clear()
    exercise(world)
    return world.database


def exercise(world: World) -> None:
    """Run every statement of the rules at least once."""
    for kind in KINDS.values():
        world(roots.create, LOCKED_ALICE, kind, unique_name="same", ttl=3600)
        world(roots.set_ttl, LOCKED_ALICE, kind, "same", 3600) if kind is not DOCUMENT else None
        root = world(roots.fetch, LOCKED_ALICE, kind, "same")
        world(roots.fetch, ALICE, kind, root.sid)
        middle = (root.date_created_ms, root.sid)
        for place in (START, END, Cursor(middle), Cursor(middle, backward=True)):
            world(roots.page, ALICE, kind, place, 10)
    world(documents.update, ALICE, "same", data=DATA)
    world(documents.update, ALICE, "same", ttl=60)
    world(lists.push, ALICE, "same", DATA)
    world(lists.set_context, ALICE, "same", DATA)
    world(lists.context, ALICE, "same")
    world(maps.put, ALICE, "same", "k", DATA, ttl=60)
    for kind, key in ((LIST, 0), (MAP, "k")):
        root = world(roots.fetch, ALICE, kind, "same")
        for descending in (False, True):
            for exclusive in (False, True):
                query = Query(size=2, start=key, exclusive=exclusive, descending=descending)
                world(pages.of_items, ALICE, kind, "same", query)
            world(pages.of_items, ALICE, kind, "same", Query(descending=descending, size=2))
        current = world(replay.standing, ALICE, [root.sid])[root.sid]
        world(replay.since, current, -1, 10)
        world(replay.counter_at, current, current.date_updated_ms)
        world(items.update, ALICE, kind, "same", key, data=DATA, ttl=60)
        world(permissions.readable, LOCKED_ALICE, [root])
        world(permissions.grant, root, "bob", read=True, write=True, manage=True)
        for place in (START, END, Cursor(("bob",)), Cursor(("bob",), backward=True)):
            world(permissions.page, root, place, 10)
        world(permissions.remove, root, "bob")
    world.after(3600)
    world(lists.push, ALICE, world(roots.create, ALICE, LIST).sid, DATA, ttl=1)
    world(maps.put, ALICE, world(roots.create, ALICE, MAP).sid, "k", DATA, ttl=1)
    world.after(1)
    world(expiry.next_expiry_ms)
    world(expiry.expire_due, 100)
    world(cleanup.trim_tombstones, world.now_ms + 1000, 100)
    world(cleanup.remove_content, SERVICE, 100)
    while world(cleanup.empty_chunk, 100):
        pass


def test_every_statement_is_answered_by_an_index_in_its_order(database: Noting) -> None:
    # The table of leftovers is read one row at a time, whichever comes first.
    statements = {sql for sql in database.asked if "FROM sync_leftovers LIMIT 1" not in sql}
    names = {word.strip(",()") for sql in statements for word in sql.split() if word.startswith((":", "(:"))}
    params = dict.fromkeys((name.strip(":") for name in names), 1)

    plans = {
        sql: [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", params)] for sql in statements
    }

    assert len(plans) > 40
    slow = {sql: plan for sql, plan in plans.items() if "SCAN" in str(plan) or "TEMP B-TREE" in str(plan)}
    assert slow == {}


def test_list_of_objects_is_read_in_its_order_and_from_its_place_on(database: Noting) -> None:
    lists_read = [sql for sql in database.asked if "ORDER BY date_created_ms" in sql]
    params = ("service_sid", "kind", "now_ms", "key0", "key1", "limit")
    plans = [
        database.execute(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(params, 1)).fetchall()[0][3]
        for sql in lists_read
    ]

    assert len(plans) == 4
    assert all("USING INDEX sync_objects_listing (service_sid=? AND kind=?" in plan for plan in plans)
    assert sum("date_created_ms" in plan.partition("(")[2] for plan in plans) == 2


def test_page_skips_tombstones_by_its_index(database: Noting) -> None:
    pages_read = [sql for sql in database.asked if "removed = 0" in sql and "ORDER BY" in sql]
    plans = [
        str(database.execute(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(_PAGE_PARAMS, 1)).fetchall())
        for sql in pages_read
    ]

    assert len(plans) == 12
    assert all("_page" in plan for plan in plans)


_PAGE_PARAMS = ("sid", "now_ms", "start", "limit")
