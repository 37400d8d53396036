"""The dictionary over HTTP, for programs and for people."""

import re
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.support import records
from tests.support.rig import Rig
from tests.support.visitor import Visitor
from tsock import dictionary
from tsock.accounts.accounts import create_account, create_subaccount
from tsock.accounts.principal import OPERATOR
from tsock.debugger import alerts
from tsock.debugger.alerts import NOBODY, Alert
from tsock.storage.store import Tx, written


async def test_program_gets_the_entry_as_it_is_in_the_dictionary(visitor: Visitor) -> None:
    page = await visitor.ask("GET", "/errors/51215")
    assert page.status == 200
    assert page.body == msgspec.json.encode(dictionary.lookup(51215))


@pytest.mark.parametrize("code", ["99999", "x", "-1", "51215.0", "5" * 40, "%D9%A5", "51215%01"])
async def test_code_that_is_unknown_is_404_20404_or_a_page_that_helps(visitor: Visitor, code: str) -> None:
    assert (await visitor.ask("GET", f"/errors/{code}")).error == (404, 20404)
    reading = await visitor.read(f"/errors/{code}", status=404)
    assert reading.forms[0]["action"] == "/errors"


async def test_mistyped_code_leads_to_the_one_meant(visitor: Visitor) -> None:
    reading = await visitor.read("/errors/51251", status=404)
    assert "/errors/51215" in reading.links
    assert "did you mean" in reading.text


async def test_page_of_a_code_says_what_it_means_what_causes_it_and_what_helps(visitor: Visitor) -> None:
    for code in (51215, 20104, 11200):
        entry = dictionary.entries()[code]
        reading = await visitor.read(f"/errors/{code}")
        for told in (entry.title, entry.meaning, *entry.causes, *entry.fixes, entry.level):
            assert told.replace("`", "") in reading.text
        assert (f"HTTP {entry.status}" in reading.text) == (entry.status is not None)
        assert f"https://www.twilio.com/docs/api/errors/{code}" in reading.links
    assert "/errors/20103" in (await visitor.read("/errors/51215")).links


async def test_code_that_twilio_does_not_explain_has_no_link_there(visitor: Visitor) -> None:
    assert not any("twilio.com" in link for link in (await visitor.read("/errors/51207")).links)


async def test_whole_dictionary_is_grouped_by_area(visitor: Visitor) -> None:
    reading = await visitor.read("/errors")
    titles = [heading for tag, heading in reading.headings if tag == "h2"]
    assert titles == list(dictionary.AREAS.values())
    codes = [link for link in reading.links if link.startswith("/errors/")][1:]  # the first is an example
    assert sorted(codes) == sorted(f"/errors/{code}" for code in dictionary.entries())
    whole = (await visitor.ask("GET", "/errors")).body
    assert whole == msgspec.json.encode(list(dictionary.entries().values()))


async def test_search_by_words_lists_the_best_first_and_says_what_was_asked(visitor: Visitor) -> None:
    target = f"/errors?q={quote('token expired <b>')}"
    reading = await visitor.read(target)
    (first, *_) = (link for link in reading.links if link.startswith("/errors/"))
    assert first == "/errors/20104"
    assert reading.forms[0]["q"] == "token expired <b>"
    assert (await visitor.ask("GET", target)).json[0]["code"] == 20104


async def test_search_by_code_leads_to_its_page(visitor: Visitor) -> None:
    page = await visitor.see("/errors?q=+51215+")
    assert (page.status, page.headers["location"]) == (303, "/errors/51215")
    assert [entry["code"] for entry in (await visitor.ask("GET", "/errors?q=51215")).json] == [51215]


@pytest.mark.parametrize("asked", ["51215,20104", "E51215 e20104", " 51215 , 20104, 99999", "20104 51215"])
async def test_search_by_codes_lists_those(visitor: Visitor, asked: str) -> None:
    listed = (await visitor.ask("GET", f"/errors?q={quote(asked)}")).json
    assert {entry["code"] for entry in listed} == {20104, 51215}
    reading = await visitor.read(f"/errors?q={quote(asked)}")
    assert {link for link in reading.links if "/errors/" in link} == {"/errors/51215", "/errors/20104"}
    assert "did you mean" not in reading.text


async def test_code_as_a_log_writes_it_is_that_code(visitor: Visitor) -> None:
    page = await visitor.see("/errors?q=E51215")
    assert (page.status, page.headers["location"]) == (303, "/errors/51215")
    for path in ("/errors/E51215", "/errors/e51215"):
        assert (await visitor.ask("GET", path)).json["code"] == 51215
        assert "51215" in (await visitor.read(path)).text


async def test_slash_at_the_end_leads_to_the_whole_dictionary(visitor: Visitor) -> None:
    whole = (await visitor.ask("GET", "/errors")).body
    assert (await visitor.ask("GET", "/errors/")).body == whole
    assert (await visitor.read("/errors/")).forms[0]["action"] == "/errors"


async def test_search_without_result_says_so(visitor: Visitor) -> None:
    reading = await visitor.read("/errors?q=zzzz")
    assert "Nothing is found for zzzz" in reading.text
    assert (await visitor.ask("GET", "/errors?q=zzzz")).json == []


async def test_search_is_for_so_many_characters_only(visitor: Visitor) -> None:
    reading = await visitor.read("/errors?q=" + "x" * 10_000 + "%20signature")
    assert reading.forms[0]["q"] == "x" * 100
    assert "Nothing is found" in reading.text


# What came up here

HOUR_MS = 3_600_000


async def alert(rig: Rig, account_sid: str, ago_ms: int, **changes: Any) -> Alert:
    """An alert of 20104 on record, from so long ago."""
    at_ms = rig.clock.now_ms() - ago_ms
    fields: dict[str, Any] = {
        "code": 20104,
        "level": "warning",
        "text": "Access Token expired or expiration date invalid: <b>Alas</b>",
    }
    made = records.alert(rig.ids.sid("NO"), account_sid, at_ms, **{**fields, **changes})
    await written(rig.store, lambda tx: alerts.record(tx, made))
    return made


async def figures(visitor: Visitor) -> list[int]:
    text = (await visitor.read("/errors/20104")).text
    found = re.findall(r"last (?:hour|day|7 days)\s*(\d+)", text)
    return [int(number) for number in found]


async def test_stranger_is_led_to_sign_in_and_told_no_figure(rig: Rig, visitor: Visitor) -> None:
    await alert(rig, rig.made.account_sid, 0)
    for credentials in (None, (rig.made.account_sid, "wrong"), (rig.made.key_sid, rig.made.key_secret)):
        if credentials:
            visitor.sign_in(*credentials)
        reading = await visitor.read("/errors/20104")
        assert "/sign-in?next=/errors/20104" in reading.links
        assert "last hour" not in reading.text


async def test_operator_sees_how_often_it_came_up_within_hour_day_and_week(
    rig: Rig, visitor: Visitor
) -> None:
    visitor.sign_in(rig.made.account_sid, rig.made.auth_token)
    assert await figures(visitor) == [0, 0, 0]
    for ago_ms, changes in (
        (0, {}),
        (HOUR_MS, {"repeats": 4}),
        (HOUR_MS + 1, {}),
        (24 * HOUR_MS + 1, {}),
        (168 * HOUR_MS + 1, {}),
        (0, {"code": 20107}),
    ):
        await alert(rig, rig.made.account_sid, ago_ms, **changes)
    assert await figures(visitor) == [6, 7, 8]
    assert "sign-in" not in str((await visitor.read("/errors/20104")).links)


async def test_latest_lead_to_their_denials(rig: Rig, visitor: Visitor) -> None:
    visitor.sign_in(rig.made.account_sid, rig.made.auth_token)
    for number in range(12):
        await alert(rig, rig.made.account_sid, number * 1000, denial_sid=f"DN{number:032x}", repeats=number)
    await alert(rig, rig.made.account_sid, 500)
    reading = await visitor.read("/errors/20104")
    assert [link for link in reading.links if link.startswith("/denials/")] == [
        f"/denials/DN{number:032x}" for number in range(9)
    ]
    assert reading.text.count("<b>Alas</b>") == 10
    assert "and 8 more" in reading.text


async def test_figures_are_of_the_accounts_that_the_operator_may_see(rig: Rig, visitor: Visitor) -> None:
    def rule(tx: Tx) -> Any:
        sub = create_subaccount(tx, rig.vault, rig.settings, rig.made.account_sid, by=OPERATOR)
        return sub, create_account(tx, rig.vault, "Stranger", by=OPERATOR)

    sub, stranger = await written(rig.store, rule)
    for account_sid in (rig.made.account_sid, sub.sid, stranger.sid, NOBODY):
        await alert(rig, account_sid, 0)
    visitor.sign_in(rig.made.account_sid, rig.made.auth_token)
    assert await figures(visitor) == [2, 2, 2]
    visitor.sign_in(sub.sid, rig.vault.open(sub.sid, sub.auth_token))
    assert await figures(visitor) == [1, 1, 1]


@pytest.mark.settings(explain=True)
async def test_figures_are_of_every_account_in_development(rig: Rig) -> None:
    for account_sid in (rig.made.account_sid, NOBODY):
        await alert(rig, account_sid, 0)
    assert await figures(Visitor(rig)) == [2, 2, 2]
