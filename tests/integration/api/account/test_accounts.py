"""Accounts in the 2010 API: every row of `protocol/rest.md`, Accounts."""

import re
from email.utils import parsedate_to_datetime

import pytest

from tests.support.rest import ACCOUNTS, PAGING, Credentials, Rest
from tests.support.rig import Client, Rig
from tests.support.transport import Packet
from tsock.accounts.accounts import set_status
from tsock.accounts.records import Account


async def listed(rest: Rest, credentials: Credentials | None = None, **query: object) -> list[str]:
    page = await rest.get(f"{ACCOUNTS}.json", credentials, **query)
    assert page.status == 200, page
    return [account["sid"] for account in page.json["accounts"]]


# Read


async def test_account_has_every_field_of_the_schema(rest: Rest, rig: Rig) -> None:
    page = await rest.get(f"{ACCOUNTS}/{rest.sid}.json")
    assert page.status == 200
    account = page.json
    dates = account.pop("date_created"), account.pop("date_updated")
    uri = f"/2010-04-01/Accounts/{rest.sid}"
    assert account == {
        "sid": rest.sid,
        "owner_account_sid": rest.sid,
        "friendly_name": "Development",
        "status": "active",
        "type": "Full",
        "auth_token": rest.auth_token[1],
        "uri": f"{uri}.json",
        "subresource_uris": {"keys": f"{uri}/Keys.json", "signing_keys": f"{uri}/SigningKeys.json"},
    }
    for date in dates:
        assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000", date)
        assert parsedate_to_datetime(date).timestamp() * 1000 == rig.clock.now_ms()


async def test_subresources_of_an_account_exist(rest: Rest) -> None:
    account = (await rest.get(f"{ACCOUNTS}/{rest.sid}.json")).json
    for uri in (account["uri"], *account["subresource_uris"].values()):
        assert (await rest.get(f"/api{uri}")).status == 200


async def test_path_is_the_same_without_json_at_its_end(rest: Rest) -> None:
    first, second = [await rest.get(f"{ACCOUNTS}/{rest.sid}{end}") for end in (".json", "")]
    assert first.json == second.json


WHO = ["main", "main's main key", "sub", "sub's main key"]


@pytest.mark.parametrize(
    ("who", "seen"),
    list(zip(WHO, [["sub", "main"], ["sub", "main"], ["sub"], ["sub"]], strict=True)),
)
async def test_account_sees_what_is_in_its_scope_and_404_elsewhere(
    rest: Rest, who: str, seen: list[str]
) -> None:
    sub, other = await rest.subaccount(), await rest.account()
    credentials = {
        "main": rest.auth_token,
        "main's main key": await rest.key_of(kind="main"),
        "sub": rest.token_of(sub),
        "sub's main key": await rest.key_of(sub.sid, kind="main"),
    }[who]
    sids = {"main": rest.sid, "sub": sub.sid, "other": other.sid, "none": "AC" + "0" * 32}
    for name, sid in sids.items():
        fetched = await rest.get(f"{ACCOUNTS}/{sid}.json", credentials)
        changed = await rest.post(f"{ACCOUNTS}/{sid}.json", credentials, FriendlyName="x")
        if name in seen:
            assert (fetched.status, changed.status) == (200, 200)
        else:
            assert fetched.error == changed.error == (404, 20404)
    assert await listed(rest, credentials) == [sids[name] for name in seen]


async def test_account_of_a_path_that_names_a_key_is_not_found(rest: Rest) -> None:
    """What the Python library asks for, given a key and no account."""
    key = await rest.key_of(kind="main")
    assert (await rest.get(f"{ACCOUNTS}/{key[0]}.json", key)).error == (404, 20404)
    assert (await rest.get(f"{ACCOUNTS}/{'x' * 9000}.json")).error == (404, 20404)


@pytest.mark.parametrize(
    ("kind", "expected"), [("standard", (401, 20003)), ("restricted", (403, 20006)), ("test", (403, 20008))]
)
async def test_accounts_are_closed_to_credentials_that_do_not_administer(
    rest: Rest, rig: Rig, kind: str, expected: tuple[int, int]
) -> None:
    if kind == "test":
        account = rig.directory.account(rest.sid)
        assert account is not None
        credentials = account.test_sid, rig.directory.test_token(account).decode()
    else:
        policy = '{"allow": ["/twilio/sync/documents/read"]}' if kind == "restricted" else None
        credentials = await rest.key_of(kind=kind, policy=policy)
    before = rest.facts()
    for answer in (
        await rest.get(f"{ACCOUNTS}.json", credentials),
        await rest.get(f"{ACCOUNTS}/{rest.sid}.json", credentials),
        await rest.post(f"{ACCOUNTS}.json", credentials, FriendlyName="x"),
        await rest.post(f"{ACCOUNTS}/{rest.sid}.json", credentials, FriendlyName="x"),
    ):
        assert answer.error == expected
    assert rest.facts() == before


async def test_auth_token_is_told_to_nobody_who_came_with_a_key(rest: Rest) -> None:
    key = await rest.key_of(kind="main")
    made = await rest.post(f"{ACCOUNTS}.json", key, FriendlyName="Shop")
    assert (made.status, made.json["auth_token"]) == (201, "")
    one = f"{ACCOUNTS}/{made.json['sid']}.json"
    for answer in (await rest.get(one, key), await rest.post(one, key, FriendlyName="Shop 7")):
        assert (answer.status, answer.json["auth_token"]) == (200, "")
    every = (await rest.get(f"{ACCOUNTS}.json", key)).json["accounts"]
    assert [account["auth_token"] for account in every] == ["", ""]


async def test_restricted_key_that_may_read_accounts_is_not_told_the_auth_token(rest: Rest) -> None:
    policy = '{"allow": ["/twilio/api/accounts/read", "/twilio/api/accounts/create"]}'
    key = await rest.key_of(kind="restricted", policy=policy)
    page = await rest.get(f"{ACCOUNTS}/{rest.sid}.json", key)
    assert (page.status, page.json["auth_token"]) == (200, "")
    made = await rest.post(f"{ACCOUNTS}.json", key)
    assert (made.status, made.json["auth_token"]) == (201, "")
    assert (await rest.get(f"{ACCOUNTS}.json", key)).error == (403, 20006)


# List


async def test_accounts_are_listed_over_pages_the_newest_first(rest: Rest) -> None:
    made = [rest.sid]
    for _ in range(4):
        made.insert(0, (await rest.subaccount()).sid)
    page = await rest.get(f"{ACCOUNTS}.json", PageSize=2)
    found: list[list[str]] = []
    for number in range(3):
        body = page.json
        found.append([account["sid"] for account in body["accounts"]])
        assert set(body) <= {"accounts", *PAGING}
        assert (body["page"], body["page_size"], body["start"]) == (number, 2, 2 * number)
        assert body["first_page_uri"] == "/2010-04-01/Accounts.json?PageSize=2&Page=0"
        assert (body["previous_page_uri"] is None) == (number == 0)
        if body["next_page_uri"] is not None:
            page = await rest.get(f"/api{body['next_page_uri']}")
    assert found == [made[:2], made[2:4], made[4:]]
    assert page.json["next_page_uri"] is None


async def test_accounts_are_listed_by_exact_name_and_status(rest: Rest) -> None:
    one, two = await rest.subaccount(), await rest.subaccount()
    await rest.post(f"{ACCOUNTS}/{one.sid}.json", FriendlyName="Shop & Co", Status="suspended")
    assert await listed(rest, FriendlyName="Shop & Co") == [one.sid]
    assert await listed(rest, FriendlyName="shop & co") == []
    assert await listed(rest, Status="active") == [two.sid, rest.sid]
    assert await listed(rest, Status="suspended", FriendlyName="Shop & Co") == [one.sid]
    assert await listed(rest, Status="closed") == []
    page = await rest.get(f"{ACCOUNTS}.json", Status="active", PageSize=1)
    assert "Status=active" in page.json["next_page_uri"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"Status": "Active"}, (400, 20422)),
        ({"Status": ""}, (400, 20422)),
        ({"PageSize": "0"}, (400, 20422)),
        ({"Page": "x"}, (400, 20422)),
        ({"PageToken": "PT1"}, (400, 21481)),
    ],
)
async def test_malformed_query_is_refused(
    rest: Rest, query: dict[str, str], expected: tuple[int, int]
) -> None:
    assert (await rest.get(f"{ACCOUNTS}.json", **query)).error == expected


# Create


async def test_subaccount_is_made_with_credentials_of_its_own(rest: Rest) -> None:
    made = await rest.post(f"{ACCOUNTS}.json", FriendlyName="Süd & Nord")
    assert made.status == 201
    account = made.json
    assert (account["owner_account_sid"], account["friendly_name"]) == (rest.sid, "Süd & Nord")
    assert (account["status"], account["type"]) == ("active", "Full")
    own = account["sid"], account["auth_token"]
    assert (await rest.get(f"{ACCOUNTS}/{account['sid']}.json", own)).json == account
    assert (await rest.get(f"{ACCOUNTS}/{account['sid']}.json")).json == account


async def test_subaccount_without_a_name_is_named_after_the_time(rest: Rest) -> None:
    for answer in (
        await rest.post(f"{ACCOUNTS}.json"),
        await rest.web("POST", f"{ACCOUNTS}.json", credentials=rest.auth_token),
    ):
        assert answer.json["friendly_name"] == "SubAccount Created at 2031-05-02 12:00 pm"


async def test_main_key_makes_subaccounts_too(rest: Rest) -> None:
    made = await rest.post(f"{ACCOUNTS}.json", await rest.key_of(kind="main"))
    assert (made.status, made.json["owner_account_sid"]) == (201, rest.sid)
    assert await listed(rest) == [made.json["sid"], rest.sid]


@pytest.mark.settings(subaccounts_per_account_max=1)
async def test_subaccounts_beyond_the_limit_are_refused_until_one_is_closed(rest: Rest) -> None:
    first = await rest.post(f"{ACCOUNTS}.json")
    refused = await rest.post(f"{ACCOUNTS}.json")
    assert refused.error == (403, 21480)
    assert "subaccounts_per_account_max" in refused.json["message"]
    await rest.post(f"{ACCOUNTS}/{first.json['sid']}.json", Status="closed")
    assert (await rest.post(f"{ACCOUNTS}.json")).status == 201


async def test_subaccount_has_no_subaccounts(rest: Rest) -> None:
    sub = await rest.subaccount()
    assert (await rest.post(f"{ACCOUNTS}.json", rest.token_of(sub))).error == (403, 20006)


@pytest.mark.parametrize("name", ["", " ", "x" * 65])
async def test_name_of_1_to_64_characters_is_required(rest: Rest, name: str) -> None:
    before = rest.facts()
    for path in (f"{ACCOUNTS}.json", f"{ACCOUNTS}/{rest.sid}.json"):
        assert (await rest.post(path, FriendlyName=name)).error == (400, 20002)
    assert rest.facts() == before
    assert (await rest.post(f"{ACCOUNTS}.json", FriendlyName="\N{SNOWMAN}" * 64)).status == 201


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"FriendlyName": "x"}'),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"FriendlyName=a&FriendlyName=b"),
        ("application/x-www-form-urlencoded", b"FriendlyName=%zz"),
        ("application/x-www-form-urlencoded", b"FriendlyName=%ff"),
        ("application/x-www-form-urlencoded", b"FriendlyName"),
    ],
)
async def test_malformed_form_is_refused_and_changes_nothing(
    rest: Rest, content_type: str, body: bytes
) -> None:
    before = rest.facts()
    for path in (f"{ACCOUNTS}.json", f"{ACCOUNTS}/{rest.sid}.json"):
        answer = await rest.web(
            "POST", path, body, credentials=rest.auth_token, headers=[("content-type", content_type)]
        )
        assert answer.error == (400, 20422)
    assert rest.facts() == before


# Update


async def test_name_and_status_change_together_or_not_at_all(rest: Rest) -> None:
    sub = await rest.subaccount()
    path = f"{ACCOUNTS}/{sub.sid}.json"
    assert (await rest.post(path, FriendlyName="new", Status="frozen")).error == (400, 21475)
    assert (await rest.get(path)).json["friendly_name"] == sub.friendly_name
    changed = await rest.post(path, FriendlyName="new", Status="suspended")
    assert (changed.json["friendly_name"], changed.json["status"]) == ("new", "suspended")
    assert (await rest.get(path)).json == changed.json


async def test_update_that_says_nothing_changes_nothing(rest: Rest) -> None:
    before = rest.facts()
    answer = await rest.post(f"{ACCOUNTS}/{rest.sid}.json", Unknown="x")
    assert (answer.status, answer.json["friendly_name"]) == (200, "Development")
    assert rest.facts() == before


@pytest.mark.parametrize("status", ["", "1", "Active", "deleted"])
async def test_unknown_status_is_refused(rest: Rest, status: str) -> None:
    sub = await rest.subaccount()
    assert (await rest.post(f"{ACCOUNTS}/{sub.sid}.json", Status=status)).error == (400, 21475)


async def test_main_account_keeps_its_status(rest: Rest) -> None:
    assert (await rest.post(f"{ACCOUNTS}/{rest.sid}.json", Status="closed")).error == (400, 21477)


async def test_subaccount_does_not_set_its_own_status(rest: Rest) -> None:
    sub = await rest.subaccount()
    for credentials in (rest.token_of(sub), await rest.key_of(sub.sid, kind="main")):
        answer = await rest.post(f"{ACCOUNTS}/{sub.sid}.json", credentials, Status="suspended")
        assert answer.error == (403, 20006)
    assert (await rest.get(f"{ACCOUNTS}/{sub.sid}.json")).json["status"] == "active"


async def test_closed_subaccount_stays_closed_and_listed(rest: Rest) -> None:
    sub = await rest.subaccount()
    path = f"{ACCOUNTS}/{sub.sid}.json"
    assert (await rest.post(path, Status="closed")).json["status"] == "closed"
    for status in ("active", "suspended", "closed"):
        assert (await rest.post(path, Status=status)).error == (400, 21479)
    assert await listed(rest, Status="closed") == [sub.sid]
    assert (await rest.get(path, rest.token_of(sub))).error == (403, 20403)


async def test_what_the_operator_suspended_its_owner_does_not_lift(rest: Rest, rig: Rig) -> None:
    sub = await rest.subaccount()
    await rig.do(set_status, sub.sid, "suspended")
    assert (await rest.post(f"{ACCOUNTS}/{sub.sid}.json", Status="active")).error == (403, 21478)


async def test_suspended_owner_administers_nothing(rest: Rest, rig: Rig) -> None:
    sub = await rest.subaccount()
    await rig.do(set_status, rest.sid, "suspended")
    assert (await rest.post(f"{ACCOUNTS}/{sub.sid}.json", Status="active")).error == (403, 20403)
    assert (await rest.get(f"{ACCOUNTS}/{sub.sid}.json", rest.token_of(sub))).error == (403, 20403)


@pytest.mark.parametrize("path", ["", "/{sid}"])
async def test_account_is_not_deleted(rest: Rest, path: str) -> None:
    answer = await rest.delete(f"{ACCOUNTS}{path.format(sid=rest.sid)}.json")
    assert answer.error == (405, 20004)
    assert answer.headers["allow"] == "GET, POST"


# What a status means to clients


def init(rig: Rig, token: str) -> Packet:
    return rig.open().init(token)


async def with_client(rest: Rest, rig: Rig, sub: Account) -> tuple[Client, str]:
    """A connection of the subaccount, and a token of its."""
    key = await rest.signing_key_of(sub.sid)
    return rig.connect("alice", key=key), rig.token("alice", key=key)


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_subaccount_that_is_not_active_is_shut_out_at_once(rest: Rest, rig: Rig, status: str) -> None:
    sub = await rest.subaccount()
    client, token = await with_client(rest, rig, sub)
    bystander = rig.connect("bob")
    answer = await rest.post(f"{ACCOUNTS}/{sub.sid}.json", Status=status)
    assert answer.status == 200
    assert client.transport.closing
    assert not bystander.transport.closing
    assert init(rig, token).header["status"]["errorCode"] == 20103
    assert (await rest.get(f"{ACCOUNTS}/{sub.sid}.json", rest.token_of(sub))).error == (403, 20403)


async def test_subaccount_that_is_active_again_is_served_in_full(rest: Rest, rig: Rig) -> None:
    sub = await rest.subaccount()
    _, token = await with_client(rest, rig, sub)
    path = f"{ACCOUNTS}/{sub.sid}.json"
    for status in ("suspended", "active"):
        assert (await rest.post(path, Status=status)).status == 200
    assert init(rig, token).header["status"]["code"] == 200
    assert (await rest.get(path, rest.token_of(sub))).status == 200
