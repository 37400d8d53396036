from collections.abc import Callable

import pytest

from tsock.errors import ApiError
from tsock.sync import params
from tsock.sync.actor import SyncLimits
from tsock.sync.kinds import LIST, MAP
from tsock.sync.pages import Query

LIMITS = SyncLimits()


def code_of(parse: Callable[[], object]) -> int:
    with pytest.raises(ApiError) as caught:
        parse()
    assert caught.value.status == 400
    return caught.value.code


@pytest.mark.parametrize("value", [None, 0, 1, 31_536_000])
def test_ttl_in_range_passes(value: int | None) -> None:
    assert params.ttl(value, LIMITS) == value


@pytest.mark.parametrize("value", [-1, 31_536_001, "60", "", 1.5, True, [], {}, 10**40])
def test_ttl_of_another_type_or_range_gives_54011(value: object) -> None:
    assert code_of(lambda: params.ttl(value, LIMITS)) == 54011


@pytest.mark.parametrize(
    ("header", "revision"),
    [(None, None), ("1af", "1af"), ('"1af"', "1af"), (" 0 ", "0"), ("-1", "-1"), ('"-1"', "-1")],
)
def test_if_match_names_a_revision_with_or_without_quotes(header: str | None, revision: str | None) -> None:
    assert params.if_match(header) == revision


@pytest.mark.parametrize("header", ["", '"', '""', 'W/"1"', "-2", "xyz", "1AF", "1 2", "*", "f" * 17])
def test_if_match_that_is_no_revision_gives_54003(header: str) -> None:
    assert code_of(lambda: params.if_match(header)) == 54003


@pytest.mark.parametrize("text", ["", "-1", "1.0", "a", "+1", "1_0", "٣", " 1", "9" * 19])
def test_index_that_is_no_whole_number_gives_54458(text: str) -> None:
    assert code_of(lambda: params.index(text)) == 54458


def test_index_is_a_number() -> None:
    assert params.index("0012") == 12


@pytest.mark.parametrize(
    ("text", "rows"), [(None, 50), ("1", 1), ("100", 100), ("201", 100), ("1001", 100), ("9" * 30, 100)]
)
def test_page_size_is_capped_at_100_rows(text: str | None, rows: int) -> None:
    assert params.page_size(text, LIMITS) == rows


@pytest.mark.parametrize("text", ["", "0", "-1", "ten"])
def test_page_size_out_of_range_gives_54454(text: str) -> None:
    assert code_of(lambda: params.page_size(text, LIMITS)) == 54454


def test_order_and_bounds_have_defaults_and_codes_of_their_own() -> None:
    assert [params.descending(text) for text in (None, "asc", "desc")] == [False, False, True]
    assert [params.exclusive(text) for text in (None, "inclusive", "exclusive")] == [False, False, True]
    assert code_of(lambda: params.descending("DESC")) == 54451
    assert code_of(lambda: params.exclusive("both")) == 54452


def test_item_is_named_by_an_index_or_by_a_key_that_is_not_empty() -> None:
    assert (params.item_key(LIST, "0012", LIMITS), params.item_key(MAP, "0012", LIMITS)) == (12, "0012")
    assert code_of(lambda: params.item_key(LIST, "", LIMITS)) == 54458
    assert code_of(lambda: params.item_key(MAP, "", LIMITS)) == 54209


def test_item_query_takes_what_is_said_and_the_defaults_for_the_rest() -> None:
    assert params.item_query(MAP, {}.get, LIMITS) == Query(size=50)
    asked = {"From": "7", "Bounds": "exclusive", "Order": "desc", "PageSize": "3", "PageToken": "T"}
    expected = Query(size=3, token="T", start=7, exclusive=True, descending=True)
    assert params.item_query(LIST, asked.get, LIMITS) == expected
    assert params.item_query(MAP, {"From": ""}.get, LIMITS) == Query(size=50, start="")
    assert code_of(lambda: params.item_query(LIST, {"From": "x"}.get, LIMITS)) == 54458
