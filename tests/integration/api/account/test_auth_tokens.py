"""A secondary Auth Token and its promotion: every row of `protocol/rest.md`, Auth Tokens."""

import re

import pytest

from tests.support.rest import ACCOUNTS, KEYS, Credentials, Rest
from tests.support.rig import Rig
from tsock.accounts import audit
from tsock.accounts.accounts import set_status
from tsock.storage.store import fetched

SECONDARY = "/accounts/v1/AuthTokens/Secondary"
PROMOTE = "/accounts/v1/AuthTokens/Promote"


async def secondary(rest: Rest) -> Credentials:
    """A new one."""
    made = await rest.post(SECONDARY)
    assert made.status == 201
    return rest.sid, made.json["secondary_auth_token"]


async def status(rest: Rest, credentials: Credentials) -> int:
    """What the account's own page is answered with, and the list of its keys likewise."""
    page = await rest.get(f"{ACCOUNTS}/{rest.sid}.json", credentials)
    assert (await rest.get(KEYS, credentials, AccountSid=rest.sid)).status == page.status
    return page.status


async def test_secondary_token_holds_beside_the_first_until_it_is_promoted(rest: Rest, rig: Rig) -> None:
    made = await rest.post(SECONDARY, SuppressEmailNotification="true")
    assert made.status == 201
    token = made.json
    second = rest.sid, token.pop("secondary_auth_token")
    assert re.fullmatch("[0-9a-f]{32}", second[1])
    assert token == {
        "account_sid": rest.sid,
        "date_created": "2031-05-02T12:00:00Z",
        "date_updated": "2031-05-02T12:00:00Z",
        "url": "https://tsock.example/accounts/v1/AuthTokens/Secondary",
    }
    assert [await status(rest, each) for each in (rest.auth_token, second)] == [200, 200]
    shown = (await rest.get(f"{ACCOUNTS}/{rest.sid}.json", second)).json
    assert shown["auth_token"] == rest.auth_token[1]

    rig.advance_s(60)
    promoted = await rest.post(PROMOTE, second)
    assert (promoted.status, promoted.json) == (
        200,
        {
            "account_sid": rest.sid,
            "auth_token": second[1],
            "date_created": "2031-05-02T12:00:00Z",
            "date_updated": "2031-05-02T12:01:00Z",
            "url": "https://tsock.example/accounts/v1/AuthTokens/Promote",
        },
    )
    assert [await status(rest, each) for each in (rest.auth_token, second)] == [401, 200]
    assert (await rest.post(PROMOTE, second)).error == (404, 20404)


async def test_dates_do_not_go_back_with_the_clock(rest: Rest, rig: Rig) -> None:
    rig.advance_s(60)
    second = await secondary(rest)
    rig.clock.ahead_ms = 0
    promoted = (await rest.post(PROMOTE, second)).json
    made = (await rest.post(SECONDARY, (rest.sid, promoted["auth_token"]))).json
    dates = [page[name] for page in (promoted, made) for name in ("date_created", "date_updated")]
    assert dates == ["2031-05-02T12:01:00Z"] * 4


async def test_there_is_one_secondary_token_until_it_is_deleted(rest: Rest) -> None:
    assert (await rest.delete(SECONDARY)).error == (404, 20404)
    assert (await rest.post(PROMOTE)).error == (404, 20404)
    second = await secondary(rest)
    assert (await rest.post(SECONDARY, second)).error == (400, 70002)
    gone = await rest.delete(SECONDARY, second)
    assert (gone.status, gone.body) == (204, b"")
    assert [await status(rest, each) for each in (rest.auth_token, second)] == [200, 401]
    assert await secondary(rest) != second


@pytest.mark.parametrize("kind", ["main", "standard", "restricted"])
async def test_no_key_makes_an_auth_token(rest: Rest, kind: str) -> None:
    policy = '{"allow": ["/twilio/api/accounts/update"]}' if kind == "restricted" else None
    key = await rest.key_of(kind=kind, policy=policy)
    second = await secondary(rest)
    before = rest.facts()
    for answer in (
        await rest.post(SECONDARY, key),
        await rest.post(PROMOTE, key),
        await rest.delete(SECONDARY, key),
    ):
        assert answer.error == (401, 20003)
    assert rest.facts() == before
    assert await status(rest, second) == 200


async def test_subaccount_has_a_secondary_token_of_its_own(rest: Rest) -> None:
    sub = await rest.subaccount()
    made = await rest.post(SECONDARY, rest.token_of(sub))
    assert (made.status, made.json["account_sid"]) == (201, sub.sid)
    assert (await rest.delete(SECONDARY)).error == (404, 20404)
    await rest.rig.do(set_status, sub.sid, "suspended")
    assert (await rest.post(PROMOTE, rest.token_of(sub))).error == (403, 20403)


async def test_path_alone_names_the_product_and_so_does_the_host(rest: Rest) -> None:
    for host, path, url in (
        ("rt.example:81", "/v1/AuthTokens/Secondary", "http://rt.example:81/v1/AuthTokens/Secondary"),
        (
            "accounts.twilio.com",
            "/v1/AuthTokens/Secondary",
            "https://accounts.twilio.com/v1/AuthTokens/Secondary",
        ),
    ):
        headers = [("host", host)]
        made = await rest.web("POST", path, credentials=rest.auth_token, headers=headers)
        assert (made.status, made.json["url"]) == (201, url)
        await rest.delete(SECONDARY)


async def test_audit_tells_each_step_and_no_token(rest: Rest) -> None:
    second = await secondary(rest)
    await rest.delete(SECONDARY)
    third = await secondary(rest)
    await rest.post(PROMOTE)
    events = await fetched(rest.rig.store, lambda tx: audit.latest(tx, 4, resource_sid=rest.sid))
    assert [event.description for event in events] == [
        "The Auth Token was replaced.",
        "The secondary Auth Token was made.",
        "The secondary Auth Token was deleted.",
        "The secondary Auth Token was made.",
    ]
    for event in events:
        assert event.event_type == "account.updated"
        assert not {second[1], third[1]} & set(re.findall("[0-9a-f]{32}", str(event)))
