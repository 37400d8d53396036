import re

import pytest

from tsock.dictionary import AREAS, UNPUBLISHED, entries, lookup, suggest, title

REFUSALS = [20101, 20102, 20103, 20104, 20105, 20106, 20107, 20157, 51003, 51004]
REFUSALS += [51101, 51103, 51104, 51105, 51106, 51108, 51110, 51112, 51113, 51215]
GATEWAY = [51001, 51005, 51006, 51102, 51123, 51124, 51125, 51126, 51127, 51128, 51129, 51130]
GATEWAY += [51201, 51202, 51207, 51214, 51232]
REST = [20003, 20004, 20008, 20404, 20413, 20422, 20429, 20500, 20503]
SYNC = [54003, 54006, 54007, 54008, 54009, 54010, 54011, 54050, 54051, 54056, 54100, 54101, 54103, 54150]
SYNC += [54151, 54155, 54156, 54200, 54201, 54205, 54206, 54208, 54209, 54250, 54251, 54300, 54301, 54302]
SYNC += [54351, 54354, 54419, 54453, 54454, 54458, 54502, 54507, 54509, 54510]


def test_every_code_that_the_server_can_send_is_explained():
    for code in REFUSALS + GATEWAY + REST + SYNC:
        entry = lookup(code)
        assert entry is not None, code
        assert entry.title, code
        assert entry.meaning.endswith("."), code
        assert entry.causes, code
        assert entry.fixes, code


def test_refused_token_has_a_status_after_which_every_client_stops():
    """403 makes the Kotlin client reconnect for ever, so only 20106, which a request can meet too, has it."""
    statuses = {code: entries()[code].status for code in REFUSALS}
    assert statuses.pop(20106) == 403
    assert set(statuses.values()) == {401}


def test_codes_are_unique_and_in_order():
    data = list(entries())
    assert data == sorted(data)
    assert len(data) > 300


def test_entries_speak_for_this_server():
    """No pointer into our notes, no link away, no sentence without a predicate left from a template."""
    for entry in entries().values():
        text = " ".join((entry.meaning, *entry.causes, *entry.fixes))
        assert not re.search(r"\w\.md\b|https?://www\.|The required parameter the", text), entry.code
        assert all(line == line.strip() and line for line in (*entry.causes, *entry.fixes)), entry.code


def test_every_area_has_entries_and_every_entry_is_of_one():
    assert {entry.area for entry in entries().values()} == set(AREAS)
    assert set(entries()) >= UNPUBLISHED


def test_title_is_the_published_one():
    assert title(51215) == "Twilsock: Unauthorized"
    assert title(20104) == "Access Token expired or expiration date invalid"


def test_unknown_code_has_no_entry():
    assert lookup(99999) is None


@pytest.mark.parametrize("text", ["51251", "Error 51251:", "5121", "512155"])
def test_mistyped_code_suggests_the_code_meant(text):
    assert 51215 in [entry.code for entry in suggest(text)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("signature", 20107),
        ("token expired", 20104),
        ("unique name already exists", 54301),
        ("Document revision mismatch", 54103),
        ("promise", 51215),
        ("too many connections", 51124),
    ],
)
def test_words_suggest_what_they_are_about(text, code):
    assert code in [entry.code for entry in suggest(text)]


def test_text_about_nothing_suggests_nothing():
    assert suggest("") == []
    assert suggest("zzzz qqqq") == []
    assert suggest("1") == []
