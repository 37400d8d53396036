"""What is around a token: layers in layers, and texts of any kind."""

import json
from collections.abc import Callable
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from tsock.tokens.unwrap import _unquoted, unwrap

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl"
LAYERS: dict[str, Callable[[str], str]] = {
    "json_wrapper": lambda text: json.dumps({"first": 1, "token": text, "last": None}),
    "quoted": lambda text: f"'{text}'",
    "bearer_prefix": lambda text: f"Bearer {text}",
    "whitespace": lambda text: f" {text}\n",
    "url_encoded": lambda text: quote(f'"{text}"', safe=""),
}


@given(st.lists(st.sampled_from(sorted(LAYERS)), max_size=4, unique=True))
def test_token_is_found_under_any_layers_and_each_is_noted(layers: list[str]):
    text = TOKEN
    for layer in reversed(layers):
        text = LAYERS[layer](text)
    found, notes = unwrap(text)
    assert found == TOKEN
    # White space around JSON is part of it, and what is encoded here has quotes around it.
    assert {*layers} - {"whitespace"} <= {*notes} <= {*layers, "quoted"}


@given(st.text(max_size=40) | st.text("%eE2089aAfFgG+\N{SNOWMAN}", max_size=40))
def test_percent_codes_are_read_as_everybody_reads_them(text: str):
    assert _unquoted(text) == unquote(text)


@given(st.text(max_size=60) | st.text("ey.%{}[]\"'<> TWILSOCK", max_size=60))
def test_no_text_makes_a_token_of_what_is_none(text: str):
    found, _ = unwrap(text)
    assert found is None or found in unquote(unquote(unquote("".join(text.split()))))


def test_token_behind_ten_thousand_other_texts_is_found():
    texts = ["a"] * 12_000
    assert unwrap(json.dumps([*texts, TOKEN])) == (TOKEN, ["json_wrapper"])
    assert unwrap(json.dumps(texts)) == (None, ["json_without_token"])
