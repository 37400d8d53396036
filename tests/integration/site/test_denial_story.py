"""The story of a denial over HTTP, and who may read it."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.support import records
from tests.support.rig import Rig
from tests.support.visitor import Visitor
from tsock.accounts.accounts import create_account, create_subaccount
from tsock.accounts.keys import create_key
from tsock.accounts.principal import OPERATOR
from tsock.debugger import denials
from tsock.debugger.denials import Denial
from tsock.storage.store import written
from tsock.tokens.examiner import Examiner

SID = f"DN{7:032x}"


async def denied(rig: Rig, account_sid: str | None, **changes: Any) -> Denial:
    """A denial on record."""
    report = Examiner(rig.directory, rig.settings).examine(rig.token(ttl_s=-60), rig.clock.now_ms())
    plain: dict[str, Any] = {"identity": "<i>al\u202eice</i>", "digest": "ab" * 32}
    denial = replace(records.denial(SID, account_sid, rig.clock.now_ms(), report, **plain), **changes)
    await written(rig.store, lambda tx: denials.record(tx, denial))
    return denial


@pytest.fixture
def visitor(rig: Rig, visitor: Visitor) -> Visitor:
    """Who has signed in as the ready-made account."""
    visitor.sign_in(rig.made.account_sid, rig.made.auth_token)
    return visitor


async def test_story_is_told_as_a_page_and_as_json(rig: Rig, visitor: Visitor) -> None:
    denial = await denied(rig, rig.made.account_sid)
    reading = await visitor.read(f"/denials/{SID}")
    assert denial.report is not None
    for told in (SID, "20104", "expired", denial.summary, denial.report.fix, denial.identity, "192.0.2.7"):
        assert str(told) in reading.text
    for told in ("js 1.0", "ab" * 32, "2031-05-02T12:00:00Z", rig.made.account_sid):
        assert told in reading.text
    failed, others = reading.tables
    assert [row[1] for row in failed[1:]] == ["expired"]
    assert len(failed) + len(others) == 2 + len(denial.report.checks)
    assert "/errors/20104" in reading.links
    assert f"\n{denial.report.claims.exp:.0f} 2031-05-02T11:59:00Z" in reading.text
    page = await visitor.ask("GET", f"/denials/{SID}")
    assert page.headers["cache-control"] == "no-store"
    assert (page.json["sid"], page.json["date"]) == (SID, "2031-05-02T12:00:00.000Z")
    assert page.json["report"]["cause"] == "expired"


async def test_id_is_read_as_a_person_types_it(rig: Rig, visitor: Visitor) -> None:
    await denied(rig, rig.made.account_sid)
    for typed in (SID.lower(), SID.upper(), f"dN{SID[2:]}"):
        assert (await visitor.ask("GET", f"/denials/{typed}")).json["sid"] == SID
    assert [each["sid"] for each in (await visitor.ask("GET", "/denials/")).json["denials"]] == [SID]


async def test_story_without_a_token_is_told_too(rig: Rig, visitor: Visitor) -> None:
    nothing: dict[str, Any] = {"identity": None, "digest": None, "report": None, "address": "", "sdk": ""}
    await denied(rig, rig.made.account_sid, code=51124, cause="connections_per_node_max", **nothing)
    reading = await visitor.read(f"/denials/{SID}")
    assert "51124" in reading.text
    assert "connections_per_node_max" in reading.text
    assert reading.tables == []


@pytest.mark.parametrize("owner", ["own", "subaccount", "parent", "stranger", "nobody"])
async def test_story_is_for_the_account_concerned_and_its_owner(
    rig: Rig, visitor: Visitor, owner: str
) -> None:
    def rule(tx: Any) -> Any:
        sub = create_subaccount(tx, rig.vault, rig.settings, rig.made.account_sid, by=OPERATOR)
        return sub, create_account(tx, rig.vault, "Stranger", by=OPERATOR)

    sub, stranger = await written(rig.store, rule)
    own = rig.made.account_sid
    if owner == "parent":
        visitor.sign_in(sub.sid, rig.vault.open(sub.sid, sub.auth_token))
    concerned = {"own": own, "subaccount": sub.sid, "parent": own, "stranger": stranger.sid, "nobody": None}
    await denied(rig, concerned[owner])
    may_see = owner in ("own", "subaccount")
    page = await visitor.ask("GET", f"/denials/{SID}")
    assert page.status == (200 if may_see else 404)
    if not may_see:
        other = f"DN{8:032x}"
        unknown = await visitor.ask("GET", f"/denials/{other}")
        assert page.body == unknown.body.replace(other.encode(), SID.encode())


@pytest.mark.settings(explain=True)
async def test_story_is_for_anybody_in_development(rig: Rig) -> None:
    await denied(rig, None)
    assert (await Visitor(rig).ask("GET", f"/denials/{SID}")).status == 200


async def test_main_key_sees_its_account_and_no_subaccount(rig: Rig, visitor: Visitor) -> None:
    def rule(tx: Any) -> Any:
        sub = create_subaccount(tx, rig.vault, rig.settings, rig.made.account_sid, by=OPERATOR)
        key = create_key(tx, rig.vault, rig.settings, rig.made.account_sid, kind="main", by=OPERATOR)
        return sub.sid, *key

    sub_sid, key, secret = await written(rig.store, rule)
    visitor.sign_in(key.sid, secret)
    await denied(rig, rig.made.account_sid)
    await denied(rig, sub_sid, sid=f"DN{8:032x}")
    assert (await visitor.ask("GET", f"/denials/{SID}")).status == 200
    assert (await visitor.ask("GET", f"/denials/DN{8:032x}")).status == 404


async def test_stranger_is_challenged_whether_there_is_such_a_denial_or_not(rig: Rig) -> None:
    await denied(rig, rig.made.account_sid)
    visitor = Visitor(rig)
    for sid in (SID, "DNnone"):
        page = await visitor.ask("GET", f"/denials/{sid}")
        assert page.error == (401, 20003)
        assert "www-authenticate" in page.headers
        page = await visitor.see(f"/denials/{sid}")
        assert "www-authenticate" not in page.headers
        (form,) = (await visitor.read(f"/denials/{sid}", status=401)).forms
        assert form["action"] == f"/sign-in?next=/denials/{sid}"


async def test_unknown_denial_is_404_20404(visitor: Visitor) -> None:
    page = await visitor.ask("GET", "/denials/DNnone")
    assert page.error == (404, 20404)
    assert "old ones are forgotten" in page.json["message"]
    assert "old ones are forgotten" in (await visitor.read("/denials/DNnone", status=404)).text


# The latest of them


@pytest.mark.settings(explain=True)
async def test_latest_denials_are_listed_and_lead_to_their_stories(rig: Rig) -> None:
    visitor = Visitor(rig)
    assert "Nobody was refused" in (await visitor.read("/denials")).text
    denial = await denied(rig, None)
    await denied(rig, rig.made.account_sid, sid=f"DN{8:032x}", code=51124, report=None)

    reading = await visitor.read("/denials")
    assert {f"/denials/{SID}", f"/denials/DN{8:032x}"} <= set(reading.links)
    assert denial.summary in reading.text
    assert [each["code"] for each in (await visitor.ask("GET", "/denials")).json["denials"]] == [20104, 51124]
    only = await visitor.read("/denials?code=51124")
    assert [link for link in only.links if link.startswith("/denials/")] == [f"/denials/DN{8:032x}"]
    assert "/errors/51124" in only.links
    assert (await visitor.ask("GET", "/denials?code=x")).error == (400, 20422)


async def test_operator_sees_the_denials_of_its_own_accounts_alone(rig: Rig, visitor: Visitor) -> None:
    await denied(rig, rig.made.account_sid)
    await denied(rig, None, sid=f"DN{8:032x}")
    assert [each["sid"] for each in (await visitor.ask("GET", "/denials")).json["denials"]] == [SID]
    assert (await Visitor(rig).ask("GET", "/denials")).error == (401, 20003)
