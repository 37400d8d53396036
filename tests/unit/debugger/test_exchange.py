"""What is kept of requests: enough to find the fault, never what is secret."""

from time import process_time
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.craft import part
from tsock.debugger.exchange import (
    BODY_CHARS_MAX,
    FORM,
    VALUE_CHARS_MAX,
    VARIABLES_MAX,
    WITHHELD,
    clear,
    form_variables,
    kept,
)
from tsock.tokens import jws

SID = "SK" + "a1" * 16
SECRET = "0123456789abcdef" * 2
JWT = jws.sign({"alg": "HS256", "typ": "JWT"}, {"iss": SID, "exp": 1}, SECRET.encode())
MEDIA = "ME" + "b2" * 16
TICKET = f"{MEDIA}.1764518400000.{'aZ_-9' * 9}"[: 34 + 15 + 43]
NAMES = ["UniqueName", "Identity", "Status", "Data", "Policy", "AuthToken", "x", "ItemData"]
HEADERS = [
    "authorization",
    "cookie",
    "user-agent",
    "if-match",
    "location",
    "set-cookie",
    "x-twilio-signature",
]


def test_values_are_kept_of_names_that_are_known_to_be_plain() -> None:
    made = kept(
        "POST",
        "https://example.com/Documents?PageSize=5&q=abc",
        [("UniqueName", "doc"), ("Data", '{"private": 1}'), ("Ttl", "9")],
        {"User-Agent": "twilio-python/9", "Authorization": "Basic QUM6eA==", "Cookie": "a=b"},
        status=400,
        response_headers={"content-type": "text/html", "set-cookie": "session=1"},
    )
    assert made.url == "https://example.com/Documents"
    assert made.variables == (
        ("PageSize", "5"),
        ("q", "(3 characters)"),
        ("UniqueName", "doc"),
        ("Data", "(14 characters)"),
        ("Ttl", "9"),
    )
    assert made.headers == {"User-Agent": "twilio-python/9"}
    assert made.response_headers == {"content-type": "text/html"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key {SECRET} is wrong", f"key {WITHHELD} is wrong"),
        (SECRET.upper(), WITHHELD),
        (f"token={JWT}&x=1", f"token={WITHHELD}&x=1"),
        (f"{part({'alg': 'HS256'})}.", WITHHELD),
        (SID, SID),
        ("DN" + SECRET, "DN" + SECRET),
        ("f" * 64, "f" * 64),  # a SHA-256
        ("eyJ", "eyJ"),
        (f"/media/{TICKET}", f"/media/{MEDIA}{WITHHELD}"),
        (f"see {TICKET}, or {MEDIA}.png", f"see {MEDIA}{WITHHELD}, or {MEDIA}.png"),
    ],
)
def test_what_looks_like_a_secret_is_withheld_and_sids_and_hashes_are_not(text: str, shown: str) -> None:
    assert clear(text, 1000) == shown


@pytest.mark.parametrize("escaped", [TICKET.replace(".", "%2e"), TICKET.replace("M", "%4D"), f"{TICKET}%20"])
def test_ticket_is_withheld_however_its_url_was_written(escaped: str) -> None:
    made = kept("GET", f"https://example.com/media/{escaped}")
    assert (made.url or "").strip() == f"https://example.com/media/{MEDIA}{WITHHELD}"


def test_escapes_of_a_url_are_kept_where_nothing_is_withheld() -> None:
    assert kept("GET", "https://example.com/Documents/a%2Fb").url == "https://example.com/Documents/a%2Fb"


def test_secret_is_found_before_a_long_text_is_cut() -> None:
    assert clear("x " * 10 + SECRET, 24) == "x " * 10 + "(wi…"


def test_everything_is_bounded() -> None:
    many = [("UniqueName", "x" * 10_000)] * 1000
    made = kept("POST", "https://example.com/" + "x" * 10_000, many, response_body="y" * 100_000)
    assert len(made.variables) == VARIABLES_MAX
    assert {len(value) for _, value in made.variables} == {VALUE_CHARS_MAX}
    assert len(made.response_body) == BODY_CHARS_MAX
    assert len(made.url or "") < 2000


def test_long_text_made_to_look_like_many_tokens_is_read_once() -> None:
    text = "eyJ" * 20_000

    began_s = process_time()
    shown = clear(text, VALUE_CHARS_MAX)

    assert shown == f"{text[: VALUE_CHARS_MAX - 1]}…"
    assert process_time() - began_s < 2  # half a minute if every `eyJ` is read to the end of the text


def test_json_that_was_sent_as_a_form_is_not_kept_as_a_name() -> None:
    body = b'{"Data": {"private": "yes"}}'
    made = kept("POST", "/x", form_variables(body, FORM))
    assert "private" not in str(made)


@pytest.mark.parametrize("method", ["", "get", SECRET, JWT, "G" * 17])
def test_what_is_no_method_is_not_kept_as_one(method: str) -> None:
    assert kept(method, "/x").method == WITHHELD


def test_redirect_is_kept_without_the_query_of_its_target() -> None:
    made = kept("POST", "/x", response_headers={"Location": "https://u:p@example.com/in?code=abc"})
    assert made.response_headers == {"Location": "https://example.com/in"}


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"a=1", "application/json"), (b"a=" + b"x" * 70_000, FORM)]
)
def test_other_content_and_large_forms_are_not_looked_into(body: bytes, content_type: str) -> None:
    assert form_variables(body, content_type) == []


def test_malformed_form_is_read_as_far_as_it_is_one() -> None:
    assert form_variables(b"UniqueName=%zz&=1&&Ttl=\xff", f"{FORM}; charset=utf-8") == [
        ("UniqueName", "%zz"),
        ("", "1"),
        ("Ttl", "\ufffd"),
    ]


planted = st.sampled_from([SECRET, JWT, f"Bearer {JWT}", f'{{"token":"{JWT}"}}', f" {SECRET}\n"])
names = st.sampled_from(NAMES) | st.text(max_size=20)
values = planted | st.text(max_size=40)


@given(
    variables=st.lists(st.tuples(names | planted, values), max_size=8),
    query=st.lists(st.tuples(names, values), max_size=4),
    headers=st.dictionaries(st.sampled_from(HEADERS), values),
    path=st.sampled_from(["/x", f"/x/{SECRET}/y", f"/{JWT}"]),
    body=values,
)
def test_no_planted_secret_is_kept_wherever_it_was_put(
    variables: list[tuple[str, str]],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    path: str,
    body: str,
) -> None:
    url = f"https://user:{SECRET}@example.com{path}?{urlencode(query)}"
    made = kept("POST", url, variables, headers, status=500, response_headers=headers, response_body=body)
    written = msgspec.json.encode(made).decode()
    assert SECRET not in written
    for piece in JWT.split("."):
        assert piece not in written


@given(st.binary(max_size=200), st.sampled_from(["Data", "Attributes", "Body", "AuthToken", "ItemData"]))
def test_content_is_never_kept(content: bytes, name: str) -> None:
    private = content.hex() + "private"
    made = kept("POST", "/x", form_variables(urlencode({name: private}).encode(), FORM))
    assert private not in str(made)
    assert made.variables == ((name, f"({len(private)} characters)"),)
