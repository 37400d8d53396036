"""Keys in IAM v1: every row of `protocol/rest.md`, IAM keys."""

from typing import Any

import msgspec
import pytest

from tests.support.rest import ACCOUNTS, KEYS, Credentials, Rest
from tests.support.rig import Rig
from tsock.accounts.keys import SigningKey

ALLOW = ["/twilio/iam/keys/list", "/twilio/iam/keys/read"]


def policy_of(*allow: str) -> str:
    return msgspec.json.encode({"allow": allow}).decode()


POLICY = policy_of(*ALLOW)


async def made(rest: Rest, **form: str) -> Any:
    """A new key of the main account."""
    answer = await rest.post(KEYS, AccountSid=rest.sid, **form)
    assert answer.status == 201, answer
    return answer.json


async def listed(rest: Rest, account_sid: str, credentials: Credentials | None = None) -> list[str]:
    page = await rest.get(KEYS, credentials, AccountSid=account_sid)
    return [key["sid"] for key in page.json["keys"]]


async def test_key_without_a_type_is_a_standard_one(rest: Rest, rig: Rig) -> None:
    key = await made(rest, FriendlyName="backend")
    secret = key.pop("secret")
    assert set(key) == {"sid", "friendly_name", "date_created", "date_updated", "policy"}
    assert (key["friendly_name"], key["policy"]) == ("backend", None)
    assert key["date_created"] == key["date_updated"] == "Fri, 02 May 2031 12:00:00 +0000"
    assert rig.connect("alice", key=SigningKey(rest.sid, key["sid"], secret))
    assert (await rest.get(f"{KEYS}/{key['sid']}")).json == key


async def test_restricted_key_may_do_what_its_policy_lists_and_signs_no_tokens(rest: Rest, rig: Rig) -> None:
    key = await made(rest, KeyType="restricted", Policy=POLICY)
    secret = key.pop("secret")
    assert key["policy"] == {"allow": ALLOW}
    assert (await rest.get(f"{KEYS}/{key['sid']}")).json == key
    own = key["sid"], secret
    assert (await rest.get(f"{KEYS}/{key['sid']}", own)).json == key
    assert key["sid"] in await listed(rest, rest.sid, own)
    for answer in (
        await rest.post(KEYS, own, AccountSid=rest.sid),
        await rest.post(f"{KEYS}/{key['sid']}", own, Policy=policy_of("/twilio/iam/keys/create")),
        await rest.delete(f"{KEYS}/{key['sid']}", own),
    ):
        assert answer.error == (403, 20006)
    token = rig.token(key=SigningKey(rest.sid, *own))
    assert rig.open().init(token).header["status"]["errorCode"] == 20103


async def test_other_policy_holds_from_the_next_request_on(rest: Rest) -> None:
    key = await made(rest, KeyType="restricted", Policy=POLICY)
    own = key["sid"], key["secret"]
    changed = await rest.post(f"{KEYS}/{key['sid']}", Policy=policy_of())
    assert (changed.status, changed.json["policy"]) == (200, {"allow": []})
    assert (await rest.get(f"{KEYS}/{key['sid']}", own)).error == (403, 20006)


async def test_name_and_policy_change_together_or_not_at_all(rest: Rest) -> None:
    key = await made(rest, KeyType="restricted", Policy=POLICY, FriendlyName="old")
    path = f"{KEYS}/{key['sid']}"
    assert (await rest.post(path, FriendlyName="new", Policy="{}")).error == (400, 70001)
    typo = await rest.post(path, FriendlyName="new", Policy=policy_of("/twilio/sync/*"))
    assert (typo.error, "'/twilio/sync/*'" in typo.json["message"]) == ((400, 70001), True)
    assert (await rest.post(path, FriendlyName="x" * 65, Policy=policy_of())).error == (400, 20002)
    assert (await rest.get(path)).json["friendly_name"] == "old"
    changed = (await rest.post(path, FriendlyName="new", Policy=policy_of("/twilio/video/rooms"))).json
    assert (changed["friendly_name"], changed["policy"]) == ("new", {"allow": ["/twilio/video/rooms"]})
    assert (await rest.post(path, FriendlyName="newer")).json["policy"] == {"allow": ["/twilio/video/rooms"]}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"KeyType": "restricted"}, (400, 70001)),
        ({"Policy": POLICY}, (400, 70001)),
        ({"KeyType": "restricted", "Policy": ""}, (400, 70001)),
        ({"KeyType": "restricted", "Policy": "allow everything"}, (400, 70001)),
        ({"KeyType": "restricted", "Policy": '{"allow": ["everything"]}'}, (400, 70001)),
        ({"KeyType": "restricted", "Policy": policy_of(*["/twilio/video/rooms"] * 101)}, (400, 70001)),
        ({"KeyType": "restricted", "Policy": policy_of("/twilio/sync/document/read")}, (400, 70001)),
        ({"KeyType": "main"}, (400, 20422)),
        ({"KeyType": "Restricted", "Policy": POLICY}, (400, 20422)),
        ({"FriendlyName": "x" * 65}, (400, 20002)),
        ({"AccountSid": ""}, (400, 20423)),
        ({"AccountSid": "SK" + "0" * 32}, (400, 20423)),
        ({"AccountSid": "AC" + "0" * 32}, (404, 20404)),
    ],
)
async def test_key_that_cannot_be_is_not_made(
    rest: Rest, form: dict[str, str], expected: tuple[int, int]
) -> None:
    before = rest.facts()
    answer = await rest.post(KEYS, **{"AccountSid": rest.sid, **form})
    assert answer.error == expected
    assert rest.facts() == before


async def test_policy_of_100_permissions_is_accepted(rest: Rest) -> None:
    allow = [f"/twilio/video/{number}/read" for number in range(100)]
    assert (await made(rest, KeyType="restricted", Policy=policy_of(*allow)))["policy"] == {"allow": allow}


async def test_account_must_be_named(rest: Rest) -> None:
    for answer in (await rest.get(KEYS), await rest.post(KEYS, FriendlyName="x")):
        assert answer.error == (400, 20422)
        assert "AccountSid" in answer.json["message"]


async def test_policy_of_a_standard_key_is_refused(rest: Rest, rig: Rig) -> None:
    answer = await rest.post(f"{KEYS}/{rig.made.key_sid}", Policy=POLICY)
    assert answer.error == (400, 70001)


async def test_list_tells_what_a_key_is_good_for(rest: Rest) -> None:
    for kind, flags in (
        ("main", ["rest_api", "signing"]),
        ("standard", ["rest_api", "signing"]),
        ("restricted", ["rest_api"]),
    ):
        sid, _ = await rest.key_of(kind=kind, policy=POLICY if kind == "restricted" else None)
        first = (await rest.get(KEYS, AccountSid=rest.sid)).json["keys"][0]
        assert set(first) == {"sid", "friendly_name", "date_created", "date_updated", "flags"}
        assert (first["sid"], first["flags"]) == (sid, flags)


@pytest.mark.parametrize(
    ("host", "prefix", "base"),
    [
        ("tsock.example:8080", "/iam", "http://tsock.example:8080/iam"),
        ("iam.tsock.example", "", "http://iam.tsock.example"),
        ("iam.twilio.com", "", "https://iam.twilio.com"),
        ("tsock.example", "", "http://tsock.example"),
    ],
)
async def test_keys_are_listed_over_pages_by_links_that_begin_as_the_request(
    rest: Rest, rig: Rig, host: str, prefix: str, base: str
) -> None:
    sids = [rig.made.key_sid]
    for _ in range(4):
        sids.insert(0, (await rest.key_of())[0])
    target = f"{prefix}/v1/Keys?AccountSid={rest.sid}&PageSize=2"
    found: list[list[str]] = []
    while True:
        page = (await rest.web("GET", target, credentials=rest.auth_token, headers=[("host", host)])).json
        meta = page["meta"]
        found.append([key["sid"] for key in page["keys"]])
        assert (meta["key"], meta["page_size"], meta["page"]) == ("keys", 2, len(found) - 1)
        assert meta["first_page_url"] == f"{base}/v1/Keys?AccountSid={rest.sid}&PageSize=2&Page=0"
        if meta["next_page_url"] is None:
            break
        assert meta["next_page_url"].startswith(f"{base}/v1/Keys?AccountSid={rest.sid}&PageSize=2&Page=")
        target = prefix + meta["next_page_url"].removeprefix(base)
    assert found == [sids[:2], sids[2:4], sids[4:]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"PageSize": "0"}, (400, 20422)),
        ({"PageSize": "-1"}, (400, 20422)),
        ({"PageToken": "x"}, (400, 21481)),
    ],
)
async def test_malformed_page_is_refused(
    rest: Rest, query: dict[str, str], expected: tuple[int, int]
) -> None:
    assert (await rest.get(KEYS, AccountSid=rest.sid, **query)).error == expected


async def test_deleted_key_is_gone_with_its_connections(rest: Rest, rig: Rig) -> None:
    key = await rest.signing_key_of(rest.sid)
    client = rig.connect("alice", key=key)
    answer = await rest.delete(f"{KEYS}/{key.key_sid}")
    assert (answer.status, answer.body) == (204, b"")
    assert client.transport.closing
    for again in (
        await rest.get(f"{KEYS}/{key.key_sid}"),
        await rest.post(f"{KEYS}/{key.key_sid}", FriendlyName="x"),
        await rest.delete(f"{KEYS}/{key.key_sid}"),
    ):
        assert again.error == (404, 20404)


@pytest.mark.parametrize("who", ["the Auth Token", "a Main key"])
async def test_the_owner_administers_the_keys_of_a_subaccount(rest: Rest, who: str) -> None:
    by = rest.auth_token if who == "the Auth Token" else await rest.key_of(kind="main")
    sub = await rest.subaccount()
    key = (await rest.post(KEYS, by, AccountSid=sub.sid)).json
    assert await listed(rest, sub.sid) == [key["sid"]]
    assert key["sid"] not in await listed(rest, rest.sid)
    assert (await rest.post(f"{KEYS}/{key['sid']}", by, FriendlyName="x")).json["friendly_name"] == "x"
    assert (await rest.delete(f"{KEYS}/{key['sid']}", by)).status == 204


async def test_keys_of_another_account_are_not_found(rest: Rest) -> None:
    sub, other = await rest.subaccount(), await rest.account()
    own_key, other_key = [await rest.key_of(sid) for sid in (rest.sid, other.sid)]
    main_key, main_key_of_sub = await rest.key_of(kind="main"), await rest.key_of(sub.sid, kind="main")
    before = rest.facts()
    for account_sid, key, credentials in (
        (rest.sid, own_key, main_key_of_sub),
        (other.sid, other_key, main_key),
        (rest.sid, own_key, rest.token_of(sub)),
        (other.sid, other_key, rest.auth_token),
        (other.sid, other_key, rest.token_of(sub)),
    ):
        for answer in (
            await rest.get(KEYS, credentials, AccountSid=account_sid),
            await rest.post(KEYS, credentials, AccountSid=account_sid),
            await rest.get(f"{KEYS}/{key[0]}", credentials),
            await rest.post(f"{KEYS}/{key[0]}", credentials, FriendlyName="x"),
            await rest.delete(f"{KEYS}/{key[0]}", credentials),
        ):
            assert answer.error == (404, 20404)
    assert rest.facts() == before


async def test_standard_key_administers_no_keys(rest: Rest) -> None:
    key = await rest.key_of()
    for answer in (
        await rest.get(KEYS, key, AccountSid=rest.sid),
        await rest.post(KEYS, key, AccountSid=rest.sid),
        await rest.get(f"{KEYS}/{key[0]}", key),
        await rest.post(f"{KEYS}/{key[0]}", key, FriendlyName="x"),
        await rest.delete(f"{KEYS}/{key[0]}", key),
    ):
        assert answer.error == (401, 20003)


async def test_key_made_here_is_found_in_the_2010_api(rest: Rest) -> None:
    key = await made(rest, FriendlyName="k")
    found = await rest.get(f"{ACCOUNTS}/{rest.sid}/Keys/{key['sid']}.json")
    assert (found.status, found.json["friendly_name"]) == (200, "k")


@pytest.mark.parametrize(
    "path", ["/iam/v1/Roles", "/iam/v1/Users", "/iam/v1/token", "/iam/v1", "/iam/v2/Keys"]
)
async def test_rest_of_iam_is_not_found(rest: Rest, path: str) -> None:
    assert (await rest.get(path)).error == (404, 20404)
    assert (await rest.post(path)).error == (404, 20404)


async def test_restricted_key_makes_only_keys_that_may_do_no_more_than_itself(rest: Rest) -> None:
    allow = ("/twilio/iam/keys/create", "/twilio/iam/keys/update", "/twilio/api/keys/create")
    own = await rest.key_of(kind="restricted", policy=policy_of(*allow))
    wider = policy_of(*allow, "/twilio/sync/documents/read")
    restricted = {"AccountSid": rest.sid, "KeyType": "restricted"}
    for answer in (
        await rest.post(KEYS, own, AccountSid=rest.sid),
        await rest.post(KEYS, own, **restricted, Policy=wider),
        await rest.post(f"{KEYS}/{own[0]}", own, Policy=wider),
        await rest.post(f"/api/2010-04-01/Accounts/{rest.sid}/Keys.json", own),
    ):
        assert answer.error == (403, 20006)
        assert "no more than itself" in answer.json["message"]
    made = await rest.post(KEYS, own, **restricted, Policy=policy_of(allow[0]))
    assert made.status == 201
    assert (await rest.post(f"{KEYS}/{own[0]}", own, Policy=policy_of(allow[1]))).status == 200
