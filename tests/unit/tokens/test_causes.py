"""The doctor's table, row by row, and every cause that the dictionary lists for 51215.

What is added to the checks, the notes or that entry without a situation here fails a test.
"""

import re

import pytest

from tests.support.situations import CHECKS as SITUATIONS
from tests.support.situations import NOTES, REGISTERED, Situation
from tests.support.world import World
from tsock import dictionary
from tsock.accounts.caller import CHAT, SYNC
from tsock.tokens.checks import CHECKS
from tsock.tokens.examiner import compare_for_update
from tsock.tokens.hints import FORM_CAUSES, HINTS

EVERY_CHECK = [
    pytest.param(*check, situation, REGISTERED.get(name, ()), id=f"{check[0]}-{check[1]}-{name}")
    for check, situations in SITUATIONS.items()
    for name, situation in situations.items()
]
EVERY_NOTE = [
    pytest.param(note, situation, id=f"{note}-{name}")
    for note, situations in NOTES.items()
    for name, situation in situations.items()
]


def test_every_check_has_a_situation() -> None:
    assert list(SITUATIONS) == [(check.id, check.code) for check in CHECKS]
    assert all(SITUATIONS.values())


def test_every_note_has_a_situation() -> None:
    assert NOTES.keys() == HINTS.keys()
    assert all(NOTES.values())


@pytest.mark.parametrize(("cause", "code", "situation", "registered"), EVERY_CHECK)
def test_check_is_the_first_to_fail_and_is_explained(
    world: World, cause: str, code: int, situation: Situation, registered: tuple[str, ...]
) -> None:
    text = situation(world)
    assert world.refusal(text, registered=registered) == (code, cause)
    report = world.examine(text, registered=registered)
    first = next(line for line in report.checks if line.verdict == "fail")
    (check,) = (check for check in CHECKS if (check.id, check.code) == (cause, code))
    assert (first.id, first.fix) == (cause, check.fix)
    assert first.expected
    assert first.found
    explained = [HINTS[note].fix for note in report.notes if cause in HINTS[note].causes]
    assert report.fix == (explained[0] if explained else check.fix)
    assert re.fullmatch(r"[A-Z][^{}]+\.", report.summary)


@pytest.mark.parametrize(("note", "situation"), EVERY_NOTE)
def test_note_is_given_and_explains_what_it_is_about(world: World, note: str, situation: Situation) -> None:
    report = world.examine(situation(world), may_see=lambda sid: True)
    hint = HINTS[note]
    assert report.notes == [note] or note in ("url_encoded", "time_zone")
    assert note in report.notes
    assert report.verdict == "denied"
    if report.cause in hint.causes:
        assert report.fix == hint.fix
        assert report.summary.startswith(hint.problem)
    if hint.causes == FORM_CAUSES:
        assert report.cause == "not_a_jwt"


def test_good_token_gets_no_note(world: World) -> None:
    assert world.examine(world.token(), may_see=lambda sid: True).notes == []


# 51215: the code stands for all of these; a token that is at fault gets the code of the one true cause.

UPDATE = "update"
"""Marks what concerns the new token of an open connection."""

LISTED = [
    ("The token, its identity or everything issued before a time", [("revoked", 51215)]),
    ("updateToken() was given a token for another identity, service or product", UPDATE),
    (
        "Account SID, API Key SID and secret do not belong together, or the key was deleted",
        [
            *(("account_unknown", 20103), ("key_unknown", 20103), ("key_other_account", 20103)),
            *(("key_revoked", 20103), ("signature", 20107)),
        ],
    ),
    (
        "The token has expired, is not valid yet, or would live longer than 24 hours",
        [("expired", 20104), ("not_yet_valid", 20105), ("lifetime_too_long", 20157)],
    ),
    (
        "The grant of the product, its service or the identity is missing or wrong",
        [
            *(("grant_missing", 51103), ("service_missing", 51104), ("service_invalid", 51106)),
            *(("service_unknown", 51101), ("service_other_account", 51101), ("identity_missing", 51105)),
        ],
    ),
    ("The token was passed in the wrong form", [("not_a_jwt", 20101)]),
    (
        "The token was made with test credentials or a Restricted key",
        [("test_credentials", 20103), ("key_restricted", 20103)],
    ),
]
"""How each listed cause begins, and the checks that meet it."""


def test_every_cause_of_51215_is_met_by_checks_of_the_codes_it_names() -> None:
    causes = dictionary.entries()[51215].causes
    assert len(causes) == len(LISTED)
    for cause, (beginning, checks) in zip(causes, LISTED, strict=True):
        assert cause.startswith(beginning)
        if checks == UPDATE:
            continue
        codes = {code for _, code in checks}
        assert codes <= _codes_named(cause)
        assert all(check in SITUATIONS for check in checks)


def test_every_wrong_form_that_51215_lists_has_a_situation() -> None:
    (cause,) = (cause for cause in dictionary.entries()[51215].causes if "wrong form" in cause)
    listed = ("JSON", "promise", "quotes", "Bearer prefix", "error page")
    assert all(form in cause for form in listed)
    names = " ".join(SITUATIONS["not_a_jwt", 20101])
    assert all(form in names for form in listed)


def test_update_that_51215_lists_is_for_another_identity_service_or_product(world: World) -> None:
    old = world.accepted(world.token("alice", products={CHAT: world.chat_sid}))
    for other, difference in (
        (world.token("bob", products={CHAT: world.chat_sid}), "identity"),
        (world.token("alice", products={CHAT: world.another_service(CHAT)}), "instance"),
        (world.token("alice", products={SYNC: world.sync_sid}), "product"),
    ):
        assert compare_for_update(old, world.accepted(other)) == difference


def _codes_named(cause: str) -> set[int]:
    """Codes in a text, ranges filled; a text without any stands for 51215 itself."""
    codes = {int(code) for code in re.findall(r"\d{5}", cause)} or {51215}
    for low, high in re.findall(r"(\d{5}) to (\d{5})", cause):
        codes |= set(range(int(low), int(high)))
    return codes
