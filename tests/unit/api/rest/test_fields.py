"""Parameters of REST requests (`protocol/rest.md`, Parameters)."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.api.request import Door, Request
from tsock.api.rest import fields
from tsock.api.rest.fields import FIELDS_MAX, Fields, of_form, of_query
from tsock.errors import ApiError


def form(body: bytes | str, content_type: str | None = fields.FORM) -> Request:
    raw = body.encode() if isinstance(body, str) else body
    headers = {} if content_type is None else {"content-type": content_type}
    return Request(door=Door.HTTP, method="POST", path=("x",), params={}, headers=headers, body=raw)


def query(text: str) -> Request:
    return Request(
        door=Door.HTTP,
        method="GET",
        path=("x",),
        params={},
        headers={},
        body=b"",
        query=tuple(fields.pairs(text, "query")),
    )


def refusal(read: object, *args: object) -> ApiError:
    assert callable(read)
    with pytest.raises(ApiError) as refused:
        read(*args)
    return refused.value


characters = st.characters(codec="utf-8", exclude_characters="\0")


@given(
    st.lists(
        st.tuples(st.text(characters, min_size=1), st.text(characters)),
        max_size=5,
        unique_by=lambda pair: pair[0],
    )
)
def test_what_either_library_encodes_is_read_as_it_was(pairs: list[tuple[str, str]]) -> None:
    for encode in (quote_plus, quote):  # Python sends a space as +, Node as %20
        text = "&".join(f"{encode(name, safe='')}={encode(value, safe='')}" for name, value in pairs)
        for read in (of_form(form(text)), of_query(query(text))):
            assert {name: read.text(name) for name in read.names} == dict(pairs)


def test_u_0000_is_for_forms_alone() -> None:
    assert of_form(form("A=a%00b")).text("A") == "a\0b"
    for text in ("A=a%00b", "a%00b=A", "%00"):
        with pytest.raises(ApiError) as refused:
            query(text)
        assert (refused.value.status, refused.value.code) == (400, 20422)


@pytest.mark.parametrize(
    "content_type", [fields.FORM, f"{fields.FORM}; charset=UTF-8", "Application/X-WWW-form-urlencoded", None]
)
def test_form_is_read_by_its_media_type_or_without_one(content_type: str | None) -> None:
    assert of_form(form("A=1&B=&C=%26%3D", content_type)).names == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"A":1}', "application/json"),
        ("A=1", "text/plain"),
        ("--x\r\nContent-Disposition: form-data; name=A\r\n\r\n1", "multipart/form-data; boundary=x"),
        ('{"A":1}', fields.FORM),
        ("A", fields.FORM),
        ("A=%", fields.FORM),
        ("A=%2", fields.FORM),
        ("A=%zz", fields.FORM),
        ("A=%ff", fields.FORM),
        ("%c3=1", fields.FORM),
        (b"A=\xff", fields.FORM),
        ("&".join(f"A{number}=1" for number in range(FIELDS_MAX + 1)), fields.FORM),
    ],
)
def test_body_that_is_no_form_is_400_20422(body: bytes | str, content_type: str) -> None:
    refused = refusal(of_form, form(body, content_type))
    assert (refused.status, refused.code) == (400, 20422)
    assert "expected" in refused.message


def test_error_about_a_form_repeats_nothing_of_what_was_sent_instead() -> None:
    assert "private" not in refusal(of_form, form('{"private": "yes"}')).message


def test_body_of_no_bytes_has_no_fields_whatever_it_claims_to_be() -> None:
    assert of_form(form("", "application/json")).names == set()


def test_field_given_twice_is_refused_where_one_is_meant_and_a_list_otherwise() -> None:
    read = of_form(form("A=1&A=1&B=2"))
    assert refusal(read.text, "A").message == "Invalid Parameter: A was given 2 times, expected it once"
    assert read.texts("A") == ["1", "1"]
    assert (read.text("B"), read.text("C"), read.texts("C")) == ("2", None, [])


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("100", 100), ("007", 7), ("+5", 5)])
def test_whole_number_in_range_is_read(text: str, expected: int) -> None:
    assert Fields([("N", text)]).whole("N", 0, 100) == expected


@pytest.mark.parametrize("text", ["", " 1", "1.0", "1e2", "0x1", "-1", "101", "9" * 400, "\u0661", "NaN"])
def test_no_whole_number_in_range_is_400_20422_and_says_the_range(text: str) -> None:
    refused = refusal(Fields([("N", text)]).whole, "N", 0, 100)
    assert (refused.status, refused.code) == (400, 20422)
    assert "from 0 to 100" in refused.message
    assert len(refused.message) < 200


def test_flag_is_true_or_false_in_any_case() -> None:
    for text, expected in (("true", True), ("TRUE", True), ("False", False)):
        assert Fields([("F", text)]).flag("F") is expected
    for text in ("", "1", "yes", "true "):
        assert refusal(Fields([("F", text)]).flag, "F").code == 20422


def test_choice_is_one_of_the_words() -> None:
    assert Fields([("C", "asc")]).choice("C", "asc", "desc") == "asc"
    assert "asc, desc" in refusal(Fields([("C", "ASC")]).choice, "C", "asc", "desc").message


def test_sid_is_of_the_kinds_expected() -> None:
    sid = "AC" + "0" * 32
    assert Fields([("S", sid)]).sid("S", "AC", "US") == sid
    for text in ("", "AC", sid.replace("AC", "SK"), sid + "0", sid[:-1] + "g"):
        refused = refusal(Fields([("S", text)]).sid, "S", "AC")
        assert (refused.status, refused.code) == (400, 20423)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", 1_769_817_600_000),
        ("2026-01-31T08:00:01Z", 1_769_846_401_000),
        ("1969-12-31", -86_400_000),
        ("2026-01-31T09:00:01.500+01:00", 1_769_846_401_500),
    ],
)
def test_date_and_time_are_read_in_utc(text: str, expected: int) -> None:
    assert Fields([("D", text)]).moment_ms("D") == expected


def test_range_has_its_whole_first_and_last_second_or_day() -> None:
    given = Fields(
        [("S", "2026-01-31T08:00:01.9Z"), ("E", "2026-01-31T09:00:01.1+01:00"), ("D", "2026-01-31")]
    )
    assert given.range_ms("S", "E") == (1_769_846_401_000, 1_769_846_401_999)
    assert given.range_ms("D", "D") == (1_769_817_600_000, 1_769_903_999_999)
    assert given.range_ms("X", "Y") == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30",
        "31.01.2026",
        "99999-01-01",
    ],
)
def test_no_date_is_400_20422_and_shows_one(text: str) -> None:
    refused = refusal(Fields([("D", text)]).moment_ms, "D")
    assert (refused.status, refused.code) == (400, 20422)
    assert "2026-01-31" in refused.message


def test_offset_whose_plus_was_not_encoded_is_refused_with_that_advice() -> None:
    given = Fields(fields.pairs("D=2026-01-31T08:00:00+01:00", "query"))
    assert "%2B" in refusal(given.moment, "D").message


def test_of_a_paging_parameter_given_twice_the_first_counts_and_no_other_is_taken_twice() -> None:
    query = tuple(fields.pairs("PageSize=20&Order=asc&PageSize=100&Page=1&Page=2&Order=asc", "query"))
    given = fields.of_query(Request(Door.HTTP, "GET", (), {}, {}, b"", query=query))
    assert (given.text("PageSize"), given.text("Page")) == ("20", "1")
    assert refusal(given.text, "Order").code == 20422


def test_error_text_shows_control_characters_escaped_and_long_values_cut() -> None:
    refused = refusal(Fields([("F", "\x1b[31m\n" + "x" * 500)]).flag, "F")
    assert "\x1b" not in refused.message
    assert "\n" not in refused.message
    assert len(refused.message) < 200
