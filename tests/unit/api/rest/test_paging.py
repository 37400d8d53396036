"""Pages of REST lists: both envelopes, links, and tokens (`protocol/rest.md`, Paging)."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.api.request import Door, Request
from tsock.api.rest import fields, paging
from tsock.api.rest.paging import COMMON, SYNC, Asked, Codes
from tsock.errors import ApiError
from tsock.storage.keyset import END, START, Cursor, Slice

LIST = ("sync", "v1", "Services", "IS1", "Maps")
BASE = "https://box.example/sync"
HERE = f"{BASE}/v1/Services/IS1/Maps"
NOTHING = Slice((), None, None)


def asked(
    query: str = "", *, path: tuple[str, ...] = LIST, rows_max: int = 100, codes: Codes = COMMON
) -> Asked:
    request = Request(
        Door.HTTP, "GET", path, {}, {}, b"", query=tuple(fields.pairs(query, "query")), base=BASE
    )
    return paging.asked(request, fields.of_query(request), rows_max=rows_max, codes=codes)


def refusal(query: str, codes: Codes = COMMON, **options: Any) -> tuple[int, int]:
    with pytest.raises(ApiError) as caught:
        _ = asked(query, codes=codes, **options).place
    return caught.value.status, caught.value.code


def shown(page: Asked, rows: Slice = NOTHING, records: list[Any] | None = None) -> Any:
    return msgspec.json.decode(paging.page(page, "maps", records or [], rows).body)


def next_link(query: str, place: Cursor, **options: Any) -> str:
    """The link to a page that begins there."""
    return shown(asked(query, **options), Slice((), None, place))["meta"]["next_page_url"]


# What is asked for.


@pytest.mark.parametrize(
    ("query", "rows_max", "size"),
    [
        ("", 100, 50),
        ("PageSize=1", 100, 1),
        ("PageSize=1000", 100, 100),
        ("PageSize=1001", 100, 100),
        ("PageSize=10000", 1000, 1000),
        (f"PageSize={'9' * 400}", 5, 5),
        ("PageSize=0099", 100, 99),
        ("PageSize=20&PageSize=100", 100, 20),
        ("", 5, 5),
    ],
)
def test_size_of_a_page_is_what_was_asked_up_to_the_largest(query: str, rows_max: int, size: int) -> None:
    assert asked(query, rows_max=rows_max).size == size


@pytest.mark.parametrize("text", ["0", "-1", "+1", "1.0", "x", "", "%20", "00", "%D9%A1"])
def test_size_that_is_none_is_refused(text: str) -> None:
    assert refusal(f"PageSize={text}", SYNC) == (400, 54454)
    assert refusal(f"PageSize={text}") == (400, 20422)


@pytest.mark.parametrize("query", ["Page=-1", "Page=x", "Page="])
def test_malformed_page_number_is_20422(query: str) -> None:
    assert refusal(query) == (400, 20422)


# Envelopes.


def test_page_of_a_product_has_absolute_links_with_all_filters_in_them() -> None:
    query = "Page=3&Tag=b&Tag=a%26%C3%BC&PageSize=2&Order=desc"
    rows = Slice((), Cursor((1,), backward=True), Cursor((2,)))
    page = shown(asked(query), rows, [{"sid": "MP1"}])
    filters = "Order=desc&Tag=b&Tag=a%26%C3%BC&PageSize=2"
    meta = page["meta"]
    assert list(page) == ["maps", "meta"]
    assert page["maps"] == [{"sid": "MP1"}]
    assert (meta["key"], meta["page"], meta["page_size"]) == ("maps", 3, 2)
    assert meta["url"] == f"{HERE}?{filters}&Page=3"
    assert meta["first_page_url"] == f"{HERE}?{filters}&Page=0"
    assert meta["previous_page_url"].startswith(f"{HERE}?{filters}&Page=2&PageToken=")
    assert meta["next_page_url"].startswith(f"{HERE}?{filters}&Page=4&PageToken=")


def test_page_at_a_token_repeats_it_in_its_own_link_alone() -> None:
    link = next_link("PageSize=2", Cursor((1, "k")))
    meta = shown(asked(urlsplit(link).query))["meta"]
    assert meta["url"] == link
    assert (meta["first_page_url"], meta["page"]) == (f"{HERE}?PageSize=2&Page=0", 1)
    assert (meta["previous_page_url"], meta["next_page_url"]) == (None, None)


def test_names_in_the_path_stay_encoded_in_links() -> None:
    path = (
        "sync",
        "v1",
        "Services",
        "default",
        "Maps",
        "a/b \N{LATIN SMALL LETTER U WITH DIAERESIS}",
        "Items",
    )
    meta = shown(asked(path=path))["meta"]
    assert meta["url"].startswith(f"{BASE}/v1/Services/default/Maps/a%2Fb%20%C3%BC/Items?")


def test_page_of_the_2010_api_is_flat_and_has_no_member_that_libraries_stumble_over() -> None:
    path = ("api", "2010-04-01", "Accounts", "AC1", "Keys")
    rows = Slice((), None, Cursor((2,)))
    answer = paging.flat_page(asked("PageSize=2&Page=3", path=path, rows_max=1000), "keys", [{}, {}], rows)
    page = msgspec.json.decode(answer.body)
    here = "/2010-04-01/Accounts/AC1/Keys.json?PageSize=2"
    assert page.pop("next_page_uri").startswith(f"{here}&Page=4&PageToken=")
    assert page == {
        "keys": [{}, {}],
        "page": 3,
        "page_size": 2,
        "start": 6,
        "end": 7,
        "uri": f"{here}&Page=3",
        "first_page_uri": f"{here}&Page=0",
        "previous_page_uri": None,
    }


def test_empty_page_of_the_2010_api_ends_where_it_starts() -> None:
    page = msgspec.json.decode(paging.flat_page(asked("Page=2"), "keys", [], NOTHING).body)
    assert (page["start"], page["end"]) == (100, 100)


# Tokens.

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
numbers = st.integers(0, 2**63 - 1)
places = st.builds(
    Cursor,
    st.tuples() | st.tuples(numbers) | st.tuples(numbers, names) | st.tuples(numbers, names, names),
    st.booleans(),
)
places_by_name = st.builds(Cursor, st.lists(names, max_size=3).map(tuple), st.booleans())
filters = st.dictionaries(st.sampled_from(["Order", "From", "Tag"]), st.text(max_size=5))


@given(place=places)
def test_link_leads_to_the_place_it_was_made_for(place: Cursor) -> None:
    query = urlsplit(next_link("Tag=%C3%BC&PageSize=7", place)).query
    found = asked(query)
    assert (found.place, found.size, found.number) == (place, 7, 1)


@given(place=places_by_name)
def test_link_of_a_list_by_name_leads_to_the_place_it_was_made_for(place: Cursor) -> None:
    assert asked(urlsplit(next_link("", place)).query).place_by_name == place


@pytest.mark.parametrize(
    ("key", "by_number", "by_name"),
    [((1, "a"), True, False), (("a", "b"), False, True), ((1, 2), False, False), (("a", 1), False, False)],
)
def test_token_that_was_made_up_for_a_list_in_another_order_is_refused(
    key: tuple[int | str, ...], by_number: bool, by_name: bool
) -> None:
    found = asked(urlsplit(next_link("", Cursor(key))).query)
    for is_good, read in ((by_number, lambda: found.place), (by_name, lambda: found.place_by_name)):
        if is_good:
            assert read() == Cursor(key)
        else:
            with pytest.raises(ApiError) as caught:
                read()
            assert (caught.value.status, caught.value.code) == (400, 21481)


@given(place=places, character=st.characters(codec="utf-8"), data=st.data())
def test_altered_or_cut_token_is_refused(place: Cursor, character: str, data: st.DataObject) -> None:
    token = _token(next_link("", place))
    where = data.draw(st.integers(0, len(token) - 1))
    for altered in (token[:where] + character + token[where + 1 :], token[:where], token + character):
        if altered != token:
            found = Asked(asked().request, (), 50, 0, altered, SYNC)
            with pytest.raises(ApiError) as caught:
                _ = found.place
            assert caught.value.code == 54453


@given(place=places)
def test_token_is_good_for_its_own_list_and_filters_alone(place: Cursor) -> None:
    token = _token(next_link("Order=desc&Tag=a", place))
    query = f"Order=desc&Tag=a&PageToken={token}"
    assert asked(query).place == place
    assert asked(f"{query}&PageSize=3&Page=9").place == place
    for other in ("Order=asc&Tag=a", "Order=desc", "Order=desc&Tag=a&Tag=b", "Order=desc&Tag=a&More="):
        assert refusal(f"{other}&PageToken={token}") == (400, 21481)
    assert refusal(query, path=(*LIST[:-1], "Lists")) == (400, 21481)
    assert refusal(query, path=(*LIST, "MP1")) == (400, 21481)


@pytest.mark.parametrize("token", ["x", "AAAA", "A" * 1000, "%C3%BC", "====", ""])
def test_token_made_by_hand_is_refused_with_the_code_of_the_product(token: str) -> None:
    assert refusal(f"PageToken={token}") == (400, 21481)
    assert refusal(f"PageToken={token}", SYNC) == (400, 54453)


@pytest.mark.parametrize(
    "place",
    [b"{}", b"[1]", b"[[1.5]]", b"[[null]]", b"[[-1]]", b"[[9223372036854775808]]", rb'[["a\u0000b"]]'],
)
def test_token_that_no_page_can_give_is_refused_though_its_check_holds(place: bytes) -> None:
    check = hashlib.blake2s(asked().subject + place, digest_size=6).digest()
    token = base64.urlsafe_b64encode(check + place).decode().rstrip("=")
    assert refusal(f"PageToken={token}", SYNC) == (400, 54453)


def test_without_a_token_a_page_begins_at_the_start() -> None:
    assert asked("Page=7").place == START
    assert asked(urlsplit(next_link("", END)).query).place == END


def _token(link: str) -> str:
    return dict(parse_qsl(urlsplit(link).query))["PageToken"]
