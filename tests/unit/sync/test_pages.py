import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sync_world import ALICE, World, json
from tsock.sync import items, lists, maps, pages, roots
from tsock.sync.actor import Actor, SyncLimits
from tsock.sync.data import Json
from tsock.sync.kinds import LIST, MAP, Kind
from tsock.sync.models import Root
from tsock.sync.pages import Page, Query

DATA = json(n=1)


@pytest.fixture
def twelve(world: World) -> Root:
    return filled(world, 12)


def filled(world: World, count: int) -> Root:
    root = world(roots.create, ALICE, LIST)
    for _ in range(count):
        world(lists.push, ALICE, root.sid, DATA)
    return root


def at(token: str | None) -> Query:
    """What the token of an earlier page asks for; the size is its own."""
    return Query(size=1, token=token)


def keys(page: Page) -> list[int | str]:
    return [item.key for item in page.items]


def ends(page: Page) -> tuple[bool, bool]:
    """Whether there is something before and after the page."""
    return page.previous_token is not None, page.next_token is not None


def walk(world: World, root: Root, page: Page) -> list[list[int | str]]:
    """The page and those that its next tokens lead to."""
    found = [keys(page)]
    while page.next_token is not None:
        page = world(pages.of_items, ALICE, root.kind, root.sid, at(page.next_token))
        found.append(keys(page))
    return found


def test_indexes_sort_by_number_and_pages_join_without_gap(world: World, twelve: Root) -> None:
    first = world(pages.of_items, ALICE, LIST, twelve.sid, Query(size=5))

    assert walk(world, twelve, first) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]


def test_descending_pages_are_the_reverse(world: World, twelve: Root) -> None:
    first = world(pages.of_items, ALICE, LIST, twelve.sid, Query(descending=True, size=5))

    assert walk(world, twelve, first) == [[11, 10, 9, 8, 7], [6, 5, 4, 3, 2], [1, 0]]


@pytest.mark.parametrize("descending", [False, True])
def test_tokens_are_null_exactly_at_the_ends(world: World, twelve: Root, descending: bool) -> None:
    page = world(pages.of_items, ALICE, LIST, twelve.sid, Query(descending=descending, size=5))
    assert ends(page) == (False, True)
    page = world(pages.of_items, ALICE, LIST, twelve.sid, at(page.next_token))
    assert ends(page) == (True, True)
    page = world(pages.of_items, ALICE, LIST, twelve.sid, at(page.next_token))
    assert ends(page) == (True, False)


@pytest.mark.parametrize("descending", [False, True])
def test_previous_token_leads_back_in_the_same_order(world: World, twelve: Root, descending: bool) -> None:
    first = world(pages.of_items, ALICE, LIST, twelve.sid, Query(descending=descending, size=5))
    second = world(pages.of_items, ALICE, LIST, twelve.sid, at(first.next_token))

    assert world(pages.of_items, ALICE, LIST, twelve.sid, at(second.previous_token)) == first
    last = world(pages.of_items, ALICE, LIST, twelve.sid, at(second.next_token))
    assert world(pages.of_items, ALICE, LIST, twelve.sid, at(last.previous_token)) == second


def test_keys_sort_by_code_point(world: World) -> None:
    root = world(roots.create, ALICE, MAP)
    for key in ["é", "𝄞", "b", "B", "a/1", "10", "2", "\ufb01"]:
        world(maps.put, ALICE, root.sid, key, DATA)

    page = world(pages.of_items, ALICE, MAP, root.sid, Query(size=50))

    assert keys(page) == ["10", "2", "B", "a/1", "b", "é", "\ufb01", "𝄞"]


@pytest.mark.parametrize(
    ("named", "expected", "beside"),
    [
        pytest.param({"start": 3}, [3, 4], (True, True), id="from is inclusive"),
        pytest.param({"start": 3, "exclusive": True}, [4, 6], (True, True), id="exclusive skips it"),
        pytest.param({"start": 5}, [6, 7], (True, False), id="a missing one starts at its successor"),
        pytest.param({"start": 5, "descending": True}, [4, 3], (True, True), id="or predecessor"),
        pytest.param({"start": 0}, [0, 1], (False, True), id="from the first"),
        pytest.param({"start": 0, "exclusive": True}, [1, 2], (True, True), id="after the first"),
        pytest.param({"start": 7, "exclusive": True}, [], (True, False), id="after the last"),
        pytest.param({"start": 999}, [], (True, False), id="past the end"),
        pytest.param(
            {"start": 0, "exclusive": True, "descending": True}, [], (True, False), id="down from 0"
        ),
        pytest.param({"start": 1, "descending": True}, [1, 0], (True, False), id="down to the end"),
    ],
)
def test_from_and_bounds_place_the_page(
    world: World, named: dict[str, Any], expected: list[int], beside: tuple[bool, bool]
) -> None:
    root = filled(world, 8)
    world(items.remove, ALICE, LIST, root.sid, 5)

    page = world(pages.of_items, ALICE, LIST, root.sid, Query(size=2, **named))

    assert (keys(page), ends(page)) == (expected, beside)


def test_token_of_an_empty_page_leads_back_to_the_items(world: World) -> None:
    root = filled(world, 3)
    beyond = world(pages.of_items, ALICE, LIST, root.sid, Query(start=999, size=2))

    back = world(pages.of_items, ALICE, LIST, root.sid, at(beyond.previous_token))

    assert (keys(back), ends(back)) == ([1, 2], (True, False))


def test_empty_collection_has_no_tokens_wherever_one_starts(world: World) -> None:
    root = filled(world, 1)
    world(items.remove, ALICE, LIST, root.sid, 0)

    for start in (None, 0, 5):
        assert world(pages.of_items, ALICE, LIST, root.sid, Query(start=start, size=5)) == Page([], 5)


def test_removal_during_paging_neither_repeats_nor_fails(world: World, twelve: Root) -> None:
    first = world(pages.of_items, ALICE, LIST, twelve.sid, Query(size=5))
    for index in (4, 5, 6):
        world(items.remove, ALICE, LIST, twelve.sid, index)

    second = world(pages.of_items, ALICE, LIST, twelve.sid, at(first.next_token))

    assert (keys(second), ends(second)) == ([7, 8, 9, 10, 11], (True, False))


def test_expired_items_are_not_on_pages_and_do_not_count(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    for ttl in (60, 0, 60, 0, 60):
        world(lists.push, ALICE, root.sid, DATA, ttl=ttl)
    world.after(60)

    page = world(pages.of_items, ALICE, LIST, root.sid, Query(start=1, size=2))

    assert (keys(page), ends(page)) == ([1, 3], (False, False))


def test_query_for_one_item_finds_it_or_nothing(world: World, twelve: Root) -> None:
    world(items.remove, ALICE, LIST, twelve.sid, 3)

    assert keys(world(pages.of_one, ALICE, LIST, twelve.sid, 2, size=50)) == [2]
    assert world(pages.of_one, ALICE, LIST, twelve.sid, 3, size=50) == Page([], 50)
    assert world(pages.of_one, ALICE, LIST, twelve.sid, 99, size=50) == Page([], 50)


@pytest.mark.parametrize("kind", [LIST, MAP], ids=lambda kind: kind.name)
def test_page_of_an_absent_collection_is_refused(world: World, kind: Kind) -> None:
    assert world.refusal(pages.of_items, ALICE, kind, "none", Query(size=5))[1] == 54300


@pytest.fixture(scope="module")
def paged() -> tuple[World, Root, str]:
    world = World()
    root = filled(world, 12)
    token = world(pages.of_items, ALICE, LIST, root.sid, Query(size=5)).next_token
    assert token is not None
    return world, root, token


@given(place=st.integers(min_value=0), character=st.characters(codec="utf-8"))
def test_altered_token_gives_54453(paged: tuple[World, Root, str], place: int, character: str) -> None:
    world, root, token = paged
    place %= len(token)
    altered = token[:place] + character + token[place + 1 :]
    if altered != token:
        assert world.refusal(pages.of_items, ALICE, LIST, root.sid, at(altered))[:2] == (
            400,
            54453,
        )


@pytest.mark.parametrize("token", ["", "x", "AAAA", "=" * 8, "é", "A" * 1000])
def test_token_made_by_hand_gives_54453(paged: tuple[World, Root, str], token: str) -> None:
    world, root, _ = paged
    assert world.refusal(pages.of_items, ALICE, LIST, root.sid, at(token))[:2] == (
        400,
        54453,
    )


@pytest.mark.parametrize(
    "place",
    [
        "[1e9,false,false,5]",
        "[-1,false,false,5]",
        f"[{2**63},false,false,5]",
        "[0,false,false,0]",
        "[0,false,false,1001]",
        "[0,false,false]",
        '["a",false,false,5]',
        "{}",
    ],
)
def test_token_that_no_page_can_give_is_refused_though_its_check_holds(
    paged: tuple[World, Root, str], place: str
) -> None:
    """A token has no secret: whoever knows how they are made may ask for anything that a page can be."""
    world, root, _ = paged
    check = hashlib.blake2s(root.sid.encode() + place.encode(), digest_size=6).digest()
    token = base64.urlsafe_b64encode(check + place.encode()).decode().rstrip("=")
    assert world.refusal(pages.of_items, ALICE, LIST, root.sid, at(token))[:2] == (400, 54453)


@pytest.mark.parametrize("start", ["5", r'"a\u0000b"'])
def test_token_of_a_place_that_no_map_has_is_refused_though_its_check_holds(world: World, start: str) -> None:
    root = world(roots.create, ALICE, MAP)
    place = f"[{start},false,false,5]".encode()
    check = hashlib.blake2s(root.sid.encode() + place, digest_size=6).digest()
    token = base64.urlsafe_b64encode(check + place).decode().rstrip("=")
    assert world.refusal(pages.of_items, ALICE, MAP, root.sid, at(token))[:2] == (400, 54453)


def test_token_of_another_collection_gives_54453(paged: tuple[World, Root, str]) -> None:
    world, _, token = paged
    other = filled(world, 12)

    assert world.refusal(pages.of_items, ALICE, LIST, other.sid, at(token))[:2] == (
        400,
        54453,
    )


def test_page_of_large_items_ends_early_and_goes_on_behind_them(world: World) -> None:
    actor = Actor("AC1", "IS1", limits=SyncLimits(page_chars_max=50))
    root = world(roots.create, actor, LIST)
    for number in range(5):
        world(lists.push, actor, root.sid, Json(f'{{"n":{number},"x":"{"y" * 10}"}}'))
    page = world(pages.of_items, actor, LIST, root.sid, Query(size=100))
    assert keys(page) == [0, 1]
    following = world(pages.of_items, actor, LIST, root.sid, at(page.next_token))
    assert keys(following) == [2, 3]
    before = world(pages.of_items, actor, LIST, root.sid, at(following.previous_token))
    assert keys(before) == [0, 1]


def test_page_of_items_larger_than_a_page_has_two_of_them(world: World) -> None:
    """A client that asks from its last item on would take that one alone for the end."""
    actor = Actor("AC1", "IS1", limits=SyncLimits(page_chars_max=5))
    root = world(roots.create, actor, LIST)
    for _ in range(3):
        world(lists.push, actor, root.sid, Json('{"n":12345}'))
    page = world(pages.of_items, actor, LIST, root.sid, Query(size=100))
    assert (keys(page), ends(page)) == ([0, 1], (False, True))
