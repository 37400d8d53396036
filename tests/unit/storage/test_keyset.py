"""Pages by key: walked in both directions, and while rows come and go."""

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.storage.keyset import END, START, Cursor, Listing, Slice, slice_at
from tsock.storage.store import Tx

Row = tuple[int, str]

OLDEST = Listing("SELECT at_ms, name FROM things", ("at_ms", "name"))
NEWEST = Listing("SELECT at_ms, name FROM things", ("at_ms", "name"), descending=True)

rows = st.tuples(st.integers(0, 5), st.text(max_size=2))
"""Few dates, so that most have several rows."""
many = st.sets(rows, max_size=30)
sizes = st.integers(1, 7)
listings = st.sampled_from((OLDEST, NEWEST))


class Things:
    """A table of things, as a transaction sees it."""

    def __init__(self, things: set[Row] | None = None) -> None:
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        self.database.execute("CREATE TABLE things (at_ms INTEGER, name TEXT, PRIMARY KEY (at_ms, name))")
        self.add(things or set())

    def add(self, things: set[Row]) -> None:
        self.database.executemany("INSERT OR IGNORE INTO things VALUES (?, ?)", things)

    def remove(self, things: set[Row]) -> None:
        self.database.executemany("DELETE FROM things WHERE at_ms = ? AND name = ?", things)

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        return self.database.execute(sql, params).fetchall()

    def page(self, place: Cursor = START, size: int = 2, listing: Listing = OLDEST) -> Slice:
        return slice_at(self.tx, listing, ":from_ms <= at_ms", {"from_ms": 0}, place, size)

    @property
    def tx(self) -> Tx:
        seen: Any = self  # pages only read
        return seen


@given(things=many, size=sizes, listing=listings)
def test_walk_forth_and_back_meets_each_row_once_in_order(
    things: set[Row], size: int, listing: Listing
) -> None:
    expected = sorted(things, reverse=listing.descending)
    table = Things(things)

    place: Cursor | None = START
    forth: list[Slice] = []
    while place is not None:
        forth.append(table.page(place, size, listing))
        place = forth[-1].next
    assert [row for page in forth for row in page.rows] == expected
    assert forth[0].previous is None
    assert all(len(page.rows) == size for page in forth[:-1])

    place = forth[-1].previous
    back = [forth[-1]]
    while place is not None:
        back.append(table.page(place, size, listing))
        place = back[-1].previous
    assert [row for page in reversed(back) for row in page.rows] == expected
    assert (back[-1].next is None) == (len(back) == 1)


@given(things=many, size=sizes, listing=listings)
def test_walk_from_the_end_backwards_meets_each_row_once(
    things: set[Row], size: int, listing: Listing
) -> None:
    table = Things(things)
    page = table.page(END, size, listing)
    assert page.next is None
    met = [page]
    while page.previous is not None:
        page = table.page(page.previous, size, listing)
        met.append(page)
    assert [row for page in reversed(met) for row in page.rows] == sorted(things, reverse=listing.descending)


@given(things=many, steps=st.lists(st.tuples(many, many), max_size=8), size=sizes)
def test_rows_that_come_and_go_meanwhile_neither_hide_nor_repeat_the_others(
    things: set[Row], steps: list[tuple[set[Row], set[Row]]], size: int
) -> None:
    table = Things(things)
    staying = set(things)
    met: list[Row] = []
    place: Cursor | None = START
    for come, go in steps:
        if place is None:
            break
        page = table.page(place, size)
        met += [tuple(row) for row in page.rows]
        place = page.next
        table.add(come)
        table.remove(go)
        staying -= go
    while place is not None:
        page = table.page(place, size)
        met += [tuple(row) for row in page.rows]
        place = page.next
    assert len(met) == len(set(met))
    assert staying <= set(met)
    assert met == sorted(met)


def test_neighbours_are_told_only_where_rows_are() -> None:
    table = Things({(1, "a"), (1, "b"), (2, "c")})
    first = table.page(size=2)
    assert (first.previous, first.next) == (None, Cursor((1, "b")))
    last = table.page(Cursor((1, "b")))
    assert (list(last.rows), last.previous, last.next) == ([(2, "c")], Cursor((2, "c"), backward=True), None)
    table.remove({(2, "c")})
    again = table.page(Cursor((2, "c"), backward=True))
    assert (list(again.rows), again.previous, again.next) == ([(1, "a"), (1, "b")], None, None)


def test_page_that_is_empty_by_now_leads_to_what_is_left() -> None:
    table = Things({(1, "a"), (2, "b"), (3, "c")})
    table.remove({(3, "c")})
    behind = table.page(Cursor((2, "b")))
    assert (list(behind.rows), behind.next) == ([], None)
    assert behind.previous is not None
    assert list(table.page(behind.previous).rows) == [(1, "a"), (2, "b")]

    table.remove({(1, "a")})
    before = table.page(Cursor((2, "b"), backward=True))
    assert (list(before.rows), before.previous) == ([], None)
    assert before.next is not None
    assert list(table.page(before.next).rows) == [(2, "b")]

    table.remove({(2, "b")})
    for place in (START, END, Cursor((2, "b")), Cursor((2, "b"), backward=True)):
        page = table.page(place)
        assert (list(page.rows), page.previous, page.next) == ([], None, None)


def test_condition_hides_rows_from_pages_and_neighbours() -> None:
    table = Things({(0, "hidden"), (1, "a"), (2, "b")})
    page = slice_at(table.tx, OLDEST, ":from_ms < at_ms", {"from_ms": 0}, Cursor((1, "a"), backward=True), 2)
    assert (list(page.rows), page.previous, page.next) == ([], None, START)
    page = slice_at(table.tx, OLDEST, ":from_ms < at_ms", {"from_ms": 0}, Cursor((1, "")), 1)
    assert (list(page.rows), page.previous) == ([(1, "a")], None)


@pytest.mark.parametrize("key", [(1,), (1, "a", "more")])
def test_key_of_another_length_finds_its_place_all_the_same(key: tuple[int | str, ...]) -> None:
    """Nobody was given such a place, but anybody may make one up."""
    table = Things({(1, "a"), (2, "b")})
    assert list(table.page(Cursor(key)).rows) == [(2, "b")]


@pytest.mark.parametrize(
    "text", [b"[[1.5]]", b"[[null]]", b"[[-1]]", b"[[9223372036854775808]]", b"[[[1]]]", b"[{}]", b"[[1],2]"]
)
def test_place_that_no_column_could_be_compared_with_is_none(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Cursor)
