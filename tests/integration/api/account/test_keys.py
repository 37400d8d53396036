"""Keys and SigningKeys in the 2010 API: every row of `protocol/rest.md`, Keys."""

import pytest

from tests.support.rest import ACCOUNTS, PAGING, Credentials, Rest
from tests.support.rig import Rig
from tsock.accounts.accounts import set_status
from tsock.accounts.keys import SigningKey

POLICY = '{"allow": ["/twilio/sync/documents/read"]}'

BOTH = pytest.mark.parametrize(("path", "name"), [("Keys", "keys"), ("SigningKeys", "signing_keys")])
"""The same keys under two paths."""


def many(rest: Rest, path: str = "Keys", account_sid: str | None = None) -> str:
    return f"{ACCOUNTS}/{account_sid or rest.sid}/{path}.json"


def one(rest: Rest, sid: str, path: str = "Keys", account_sid: str | None = None) -> str:
    return f"{ACCOUNTS}/{account_sid or rest.sid}/{path}/{sid}.json"


async def listed(rest: Rest, path: str = "Keys", account_sid: str | None = None) -> list[str]:
    page = await rest.get(many(rest, path, account_sid))
    (name,) = set(page.json) - PAGING
    return [key["sid"] for key in page.json[name]]


@BOTH
async def test_new_key_shows_its_secret_once(rest: Rest, path: str, name: str) -> None:
    made = await rest.post(many(rest, path), FriendlyName="backend")
    assert made.status == 201
    key = made.json
    secret = key.pop("secret")
    assert set(key) == {"sid", "friendly_name", "date_created", "date_updated"}
    assert key["friendly_name"] == "backend"
    assert key["date_created"] == key["date_updated"] == "Fri, 02 May 2031 12:00:00 +0000"
    assert len(secret) == 32
    assert (await rest.get(one(rest, key["sid"], path))).json == key
    assert key in (await rest.get(many(rest, path))).json[name]


@BOTH
async def test_new_key_is_a_standard_one_that_signs_tokens(
    rest: Rest, rig: Rig, path: str, name: str
) -> None:
    made = (await rest.post(many(rest, path))).json
    key = rig.directory.key(made["sid"])
    assert key is not None
    assert (key.kind, key.friendly_name) == ("standard", "")
    assert rig.connect("alice", key=SigningKey(rest.sid, made["sid"], made["secret"]))
    assert (await rest.get(many(rest), (made["sid"], made["secret"]))).error == (401, 20003)


async def test_key_is_the_same_under_both_paths(rest: Rest) -> None:
    sid = (await rest.post(many(rest, "Keys"), FriendlyName="k")).json["sid"]
    assert await listed(rest, "Keys") == await listed(rest, "SigningKeys")
    assert (await rest.post(one(rest, sid, "SigningKeys"), FriendlyName="s")).status == 200
    assert (await rest.get(one(rest, sid, "Keys"))).json["friendly_name"] == "s"
    assert (await rest.delete(one(rest, sid, "SigningKeys"))).status == 204
    assert (await rest.get(one(rest, sid, "Keys"))).error == (404, 20404)


@BOTH
async def test_key_is_renamed(rest: Rest, rig: Rig, path: str, name: str) -> None:
    sid, _ = await rest.key_of(friendly_name="old")
    rig.advance_s(60)
    changed = await rest.post(one(rest, sid, path), FriendlyName="new")
    assert (changed.status, changed.json["friendly_name"]) == (200, "new")
    assert changed.json["date_updated"] == "Fri, 02 May 2031 12:01:01 +0000"
    assert "secret" not in changed.json
    assert (await rest.get(one(rest, sid, path))).json == changed.json
    assert (await rest.post(one(rest, sid, path), FriendlyName="")).json["friendly_name"] == ""


@BOTH
async def test_name_of_more_than_64_characters_is_refused(rest: Rest, path: str, name: str) -> None:
    sid, _ = await rest.key_of()
    before = rest.facts()
    for target in (many(rest, path), one(rest, sid, path)):
        assert (await rest.post(target, FriendlyName="x" * 65)).error == (400, 20002)
    assert rest.facts() == before


@BOTH
async def test_deleted_key_ends_its_connections_its_tokens_and_its_own_access(
    rest: Rest, rig: Rig, path: str, name: str
) -> None:
    key = await rest.key_of(kind="main")
    signing = SigningKey(rest.sid, *key)
    client, bystander, token = rig.connect("alice", key=signing), rig.connect("bob"), rig.token(key=signing)
    answer = await rest.delete(one(rest, key[0], path))
    assert (answer.status, answer.body) == (204, b"")
    assert client.transport.closing
    assert not bystander.transport.closing
    assert rig.open().init(token).header["status"]["errorCode"] == 20103
    assert (await rest.get(many(rest), key)).error == (401, 20003)
    assert key[0] not in await listed(rest, path)
    for again in (
        await rest.get(one(rest, key[0], path)),
        await rest.post(one(rest, key[0], path), FriendlyName="x"),
        await rest.delete(one(rest, key[0], path)),
    ):
        assert again.error == (404, 20404)


async def test_key_may_delete_itself(rest: Rest) -> None:
    key = await rest.key_of(kind="main")
    assert (await rest.delete(one(rest, key[0]), key)).status == 204
    assert (await rest.delete(one(rest, key[0]), key)).error == (401, 20003)


@BOTH
async def test_keys_of_every_kind_are_listed_over_pages_the_newest_first(
    rest: Rest, rig: Rig, path: str, name: str
) -> None:
    made = [rig.made.key_sid]
    for kind in ("main", "standard", "restricted", "standard"):
        made.insert(0, (await rest.key_of(kind=kind, policy=POLICY if kind == "restricted" else None))[0])
    page = await rest.get(many(rest, path), PageSize=2)
    found: list[list[str]] = []
    while True:
        body = page.json
        assert set(body) <= {name, *PAGING}
        found.append([key["sid"] for key in body[name]])
        if body["next_page_uri"] is None:
            break
        assert body["next_page_uri"].startswith(f"/2010-04-01/Accounts/{rest.sid}/{path}.json?PageSize=2&")
        page = await rest.get(f"/api{body['next_page_uri']}")
    assert found == [made[:2], made[2:4], made[4:]]
    back = await rest.get(f"/api{page.json['previous_page_uri']}")
    assert [key["sid"] for key in back.json[name]] == made[2:4]


async def test_page_token_of_another_list_is_refused(rest: Rest) -> None:
    await rest.key_of()
    token = (await rest.get(many(rest), PageSize=1)).json["next_page_uri"].partition("PageToken=")[2]
    assert token
    assert (await rest.get(many(rest), PageSize=1, PageToken=token)).status == 200
    assert (await rest.get(many(rest, "SigningKeys"), PageSize=1, PageToken=token)).error == (400, 21481)
    assert (await rest.get(many(rest), PageSize=0)).error == (400, 20422)


@BOTH
@pytest.mark.settings(keys_per_account_max=2)
async def test_keys_beyond_the_limit_are_refused_until_one_is_deleted(
    rest: Rest, path: str, name: str
) -> None:
    sid = (await rest.post(many(rest, path))).json["sid"]
    refused = await rest.post(many(rest, path))
    assert refused.error == (400, 70151)
    assert "keys_per_account_max" in refused.json["message"]
    await rest.delete(one(rest, sid, path))
    assert (await rest.post(many(rest, path))).status == 201


# Whose keys


async def tried(rest: Rest, account_sid: str, key_sid: str, credentials: Credentials) -> set[tuple[int, int]]:
    """Status, and code of a refusal, of all that can be done with the keys of an account."""
    answers = [
        await rest.get(many(rest, account_sid=account_sid), credentials),
        await rest.post(many(rest, account_sid=account_sid), credentials),
        await rest.get(one(rest, key_sid, account_sid=account_sid), credentials),
        await rest.post(one(rest, key_sid, account_sid=account_sid), credentials, FriendlyName="x"),
        await rest.delete(one(rest, key_sid, account_sid=account_sid), credentials),
    ]
    return {(answer.status, answer.json["code"] if answer.status >= 400 else 0) for answer in answers}


DONE = {(200, 0), (201, 0), (204, 0)}
NOT_FOUND = {(404, 20404)}


async def test_auth_token_and_main_key_of_the_owner_administer_the_keys_of_a_subaccount(rest: Rest) -> None:
    sub = await rest.subaccount()
    for credentials in (rest.auth_token, await rest.key_of(kind="main")):
        key = await rest.key_of(sub.sid)
        assert await tried(rest, sub.sid, key[0], credentials) == DONE


async def test_auth_token_and_main_key_of_a_subaccount_administer_its_keys(rest: Rest) -> None:
    sub = await rest.subaccount()
    for credentials in (rest.token_of(sub), await rest.key_of(sub.sid, kind="main")):
        key = await rest.key_of(sub.sid)
        assert await tried(rest, sub.sid, key[0], credentials) == DONE


async def test_keys_of_another_account_are_not_found(rest: Rest) -> None:
    sub, other = await rest.subaccount(), await rest.account()
    own_key, other_key = [await rest.key_of(sid) for sid in (rest.sid, other.sid)]
    main_key, main_key_of_sub = await rest.key_of(kind="main"), await rest.key_of(sub.sid, kind="main")
    facts = rest.facts()
    assert await tried(rest, rest.sid, own_key[0], main_key_of_sub) == NOT_FOUND
    assert await tried(rest, other.sid, other_key[0], main_key) == NOT_FOUND
    assert await tried(rest, rest.sid, own_key[0], rest.token_of(sub)) == NOT_FOUND
    assert await tried(rest, other.sid, other_key[0], rest.auth_token) == NOT_FOUND
    assert await tried(rest, other.sid, other_key[0], rest.token_of(sub)) == NOT_FOUND
    assert rest.facts() == facts


async def test_key_is_found_below_its_own_account_alone(rest: Rest) -> None:
    sub = await rest.subaccount()
    key = await rest.key_of(sub.sid)
    assert (await rest.get(one(rest, key[0], account_sid=sub.sid))).status == 200
    assert (await rest.get(one(rest, key[0]))).error == (404, 20404)
    assert (await rest.delete(one(rest, key[0]))).error == (404, 20404)


@pytest.mark.parametrize("sid", ["SK" + "0" * 32, "SKx", "x" * 5000, "%01", "..", "AC" + "0" * 32])
async def test_key_that_does_not_exist_is_not_found(rest: Rest, sid: str) -> None:
    assert (await rest.get(one(rest, sid))).error == (404, 20404)


async def test_standard_key_administers_no_keys(rest: Rest) -> None:
    key = await rest.key_of()
    facts = rest.facts()
    assert await tried(rest, rest.sid, key[0], key) == {(401, 20003)}
    assert rest.facts() == facts


async def test_restricted_key_administers_keys_as_its_policy_lists(rest: Rest) -> None:
    policy = '{"allow": ["/twilio/api/keys/list", "/twilio/api/keys/read"]}'
    key = await rest.key_of(kind="restricted", policy=policy)
    for path in ("Keys", "SigningKeys"):
        assert (await rest.get(many(rest, path), key)).status == 200
        assert (await rest.get(one(rest, key[0], path), key)).status == 200
        for answer in (
            await rest.post(many(rest, path), key),
            await rest.post(one(rest, key[0], path), key, FriendlyName="x"),
            await rest.delete(one(rest, key[0], path), key),
        ):
            assert answer.error == (403, 20006)
            assert "/twilio/api/keys/" in answer.json["message"]


async def test_closed_subaccount_gets_no_key(rest: Rest, rig: Rig) -> None:
    sub = await rest.subaccount()
    await rig.do(set_status, sub.sid, "closed")
    assert (await rest.post(many(rest, account_sid=sub.sid))).error == (403, 20005)
