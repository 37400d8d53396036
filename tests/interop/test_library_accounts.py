"""Accounts, subaccounts and keys through the official helper libraries."""

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.interop.conftest import Connect, OpenClient
from tests.interop.library import Api, Record, Refused, signature_holds_in_python
from tests.interop.receiver import Receiver
from tests.interop.server import Account
from tests.interop.test_library_sync import dated, refused

MANY = 5
"""Makes three pages of two."""


@pytest.fixture
def own(api: Api, account: Account) -> Api:
    """The account itself, on the 2010 API."""
    return api.api.v2010.accounts(account.sid)


@pytest.fixture
def sub(api: Api) -> Record:
    """A subaccount."""
    return api.api.v2010.accounts.create(friendly_name="sub")


@pytest.fixture
def as_sub(open_client: OpenClient, sub: Record) -> Api:
    """A client with the subaccount's own credentials."""
    return open_client(sub["sid"], sub["auth_token"])


def test_own_account_is_shown(own: Api, account: Account) -> None:
    found = dated(own.fetch())
    assert (found["sid"], found["owner_account_sid"]) == (account.sid, account.sid)
    assert (found["status"], found["type"], found["auth_token"]) == ("active", "Full", account.auth_token)
    assert {"keys", "signing_keys"} <= set(found["subresource_uris"])


def test_own_account_is_renamed(own: Api) -> None:
    assert own.update(friendly_name="Ängström & Söhne")["friendly_name"] == "Ängström & Söhne"
    assert own.fetch()["friendly_name"] == "Ängström & Söhne"


def test_subaccount_lives_from_creation_to_its_end(api: Api, account: Account, sub: Record) -> None:
    assert dated(sub)["owner_account_sid"] == account.sid
    assert (sub["status"], sub["friendly_name"]) == ("active", "sub")
    subaccount = api.api.v2010.accounts(sub["sid"])
    assert subaccount.fetch() == sub
    assert subaccount.update(friendly_name="renamed")["friendly_name"] == "renamed"
    for status in ("suspended", "active", "suspended", "closed"):
        assert subaccount.update(status=status)["status"] == status
    with refused(400, 21479):
        subaccount.update(status="active")
    assert subaccount.fetch()["status"] == "closed"


def test_subaccount_without_a_name_gets_one(api: Api) -> None:
    assert api.api.v2010.accounts.create()["friendly_name"]


def test_accounts_are_listed_over_three_pages(api: Api, account: Account) -> None:
    accounts = api.api.v2010.accounts
    made = [accounts.create(friendly_name="sub")["sid"] for _ in range(MANY - 1)]
    listed = accounts.list(page_size=2)
    assert sorted(dated(record)["sid"] for record in listed) == sorted([*made, account.sid])
    assert accounts.list(limit=3) == listed[:3]
    assert accounts.stream(page_size=2) == listed
    pages = accounts.walk("next", "next", "previous", page_size=2)
    assert pages == [listed[:2], listed[2:4], listed[4:], listed[2:4]]


def test_accounts_are_listed_by_name_and_status(api: Api, sub: Record) -> None:
    accounts = api.api.v2010.accounts
    accounts(accounts.create(friendly_name="other")["sid"]).update(status="suspended")
    assert [record["sid"] for record in accounts.list(friendly_name="sub")] == [sub["sid"]]
    assert [record["friendly_name"] for record in accounts.list(status="suspended")] == ["other"]


def test_subaccount_sees_and_makes_none_but_itself(
    api: Api, as_sub: Api, account: Account, sub: Record
) -> None:
    accounts = as_sub.api.v2010.accounts
    assert [record["sid"] for record in accounts.list()] == [sub["sid"]]
    sibling = api.api.v2010.accounts.create()
    for sid in (account.sid, sibling["sid"]):
        with refused(404, 20404):
            accounts(sid).fetch()
        with refused(404, 20404):
            accounts(sid).new_keys.create()


def test_main_account_is_not_suspended_over_rest(own: Api) -> None:
    with refused(400, 21477):
        own.update(status="suspended")
    assert own.fetch()["status"] == "active"


def test_suspended_subaccount_is_shut_out_until_it_is_active(
    api: Api, as_sub: Api, account: Account, sub: Record
) -> None:
    subaccount = api.api.v2010.accounts(sub["sid"])
    subaccount.update(status="suspended")
    account.server.in_step()
    with refused(403, 20403):
        as_sub.sync.v1.services("default").fetch()
    subaccount.update(status="active")
    as_sub.sync.v1.services("default").fetch()


def test_subaccount_is_reached_on_the_2010_api_only(api: Api, as_sub: Api, sub: Record) -> None:
    document = as_sub.sync.v1.services("default").documents.create()
    with refused(404, 20404):
        api.sync.v1.services(document["service_sid"]).documents(document["sid"]).fetch()
    subaccount = api.api.v2010.accounts(sub["sid"])
    key = subaccount.new_keys.create(friendly_name="made by the parent")
    assert [record["sid"] for record in subaccount.keys.list()] == [key["sid"]]


def test_main_key_makes_a_subaccount_and_a_key_in_it_and_works_with_that(
    open_client: OpenClient, account: Account
) -> None:
    key = account.new_key(kind="main")
    client = open_client(key.key_sid, key.key_secret, account.sid)
    made = client.api.v2010.accounts.create(friendly_name="Shop")
    subaccount = client.api.v2010.accounts(made["sid"])
    assert made["sid"] in [record["sid"] for record in client.api.v2010.accounts.list()]
    assert (made["auth_token"], subaccount.fetch()["auth_token"]) == ("", "")
    assert subaccount.update(friendly_name="Shop 7")["friendly_name"] == "Shop 7"
    own = subaccount.new_keys.create()
    document = (
        open_client(own["sid"], own["secret"], made["sid"]).sync.v1.services("default").documents.create()
    )
    with refused(404, 20404):
        client.sync.v1.services(document["service_sid"]).documents(document["sid"]).fetch()


@pytest.mark.parametrize("kind", ["keys", "signing_keys"])
def test_key_lives_from_creation_to_deletion(
    own: Api, open_client: OpenClient, account: Account, connect: Connect, kind: str
) -> None:
    made = dated(getattr(own, f"new_{kind}").create(friendly_name="backend"))
    keys = getattr(own, kind)
    key = keys(made["sid"])
    found = dated(key.fetch())
    assert "secret" not in found
    assert (found["sid"], found["friendly_name"]) == (made["sid"], "backend")
    assert key.update(friendly_name="renamed")["friendly_name"] == "renamed"
    assert made["sid"] in [record["sid"] for record in keys.list()]

    signer = connect(token=account.token(key_sid=made["sid"], key_secret=made["secret"]))
    signer.becomes("connected")
    with_key = open_client(made["sid"], made["secret"], account.sid).sync.v1.services("default")
    with_key.fetch()

    assert key.delete() is True
    account.server.in_step()
    with refused(404, 20404):
        key.fetch()
    with refused(401, 20003):
        with_key.fetch()
    signer.becomes("denied")


@pytest.mark.parametrize("kind", ["keys", "signing_keys"])
def test_keys_are_listed_over_three_pages(own: Api, account: Account, kind: str) -> None:
    made = [getattr(own, f"new_{kind}").create()["sid"] for _ in range(MANY - 1)]
    keys = getattr(own, kind)
    listed = keys.list(page_size=2)
    assert sorted(dated(record)["sid"] for record in listed) == sorted([*made, account.key_sid])
    assert keys.list(limit=3) == listed[:3]
    pages = keys.walk("next", "next", "previous", page_size=2)
    assert pages == [listed[:2], listed[2:4], listed[4:], listed[2:4]]


def test_key_made_under_one_path_is_found_under_the_others(api: Api, own: Api) -> None:
    made = own.new_keys.create(friendly_name="k")["sid"]
    assert own.signing_keys(made).fetch()["friendly_name"] == "k"
    assert api.iam.v1.api_key(made).fetch()["friendly_name"] == "k"


def test_iam_key_lives_from_creation_to_deletion(api: Api, account: Account) -> None:
    policy = {"allow": ["/twilio/sync/documents/read"]}
    made = dated(
        api.iam.v1.new_api_key.create(
            account_sid=account.sid, friendly_name="narrow", key_type="restricted", policy=policy
        )
    )
    assert (made["policy"], len(made["secret"])) == (policy, 32)
    key = api.iam.v1.api_key(made["sid"])
    found = dated(key.fetch())
    assert (found["friendly_name"], found["policy"]) == ("narrow", policy)
    wider = {"allow": ["/twilio/sync/documents/read", "/twilio/sync/documents/create"]}
    changed = key.update(friendly_name="wider", policy=wider)
    assert (changed["friendly_name"], changed["policy"]) == ("wider", wider)
    assert key.delete() is True
    account.server.in_step()
    with refused(404, 20404):
        key.fetch()


def test_iam_keys_are_listed_over_three_pages(api: Api, account: Account) -> None:
    made = [api.iam.v1.new_api_key.create(account_sid=account.sid)["sid"] for _ in range(MANY - 1)]
    listed = api.iam.v1.get_api_keys.list(account_sid=account.sid, page_size=2)
    assert sorted(dated(record)["sid"] for record in listed) == sorted([*made, account.key_sid])
    assert listed[0]["flags"] == ["rest_api", "signing"]
    assert api.iam.v1.get_api_keys.list(account_sid=account.sid, limit=3) == listed[:3]


def test_restricted_key_may_do_what_its_policy_lists(
    api: Api, account: Account, open_client: OpenClient, connect: Connect
) -> None:
    documents = api.sync.v1.services("default").documents
    made = documents.create(data={"n": 1})
    key = api.iam.v1.new_api_key.create(
        account_sid=account.sid, key_type="restricted", policy={"allow": ["/twilio/sync/documents/read"]}
    )
    narrow = open_client(key["sid"], key["secret"], account.sid)
    narrow_documents = narrow.sync.v1.services("default").documents
    assert narrow_documents(made["sid"]).fetch()["data"] == {"n": 1}
    with refused(403, 20006):
        narrow_documents(made["sid"]).update(data={"n": 2})
    with refused(403, 20006):
        narrow.api.v2010.accounts(account.sid).fetch()
    with refused(403, 20006):
        narrow.iam.v1.new_api_key.create(account_sid=account.sid)
    assert documents(made["sid"]).fetch()["data"] == {"n": 1}
    connect(token=account.token(key_sid=key["sid"], key_secret=key["secret"])).becomes("denied")


def test_policy_that_names_nothing_known_is_refused(api: Api, account: Account) -> None:
    with refused(400, 70001):
        api.iam.v1.new_api_key.create(
            account_sid=account.sid, key_type="restricted", policy={"allow": ["nonsense"]}
        )


def test_standard_key_may_not_administer(open_client: OpenClient, account: Account) -> None:
    client = open_client(account.key_sid, account.key_secret, account.sid)
    own = client.api.v2010.accounts(account.sid)
    client.sync.v1.services("default").fetch()
    calls: list[Callable[[], object]] = [
        own.fetch,
        client.api.v2010.accounts.create,
        own.new_keys.create,
        own.keys(account.key_sid).fetch,
        own.keys(account.key_sid).delete,
        own.signing_keys(account.key_sid).fetch,
        client.iam.v1.api_key(account.key_sid).fetch,
    ]
    for call in calls:
        with refused(401, 20003):
            call()
    for listing in (own.keys, client.api.v2010.accounts):
        # The PyPI library tells no code for a page.
        with pytest.raises(Refused, match=r"^401 (20003|None) "):
            listing.list()


@pytest.mark.parametrize("password", ["wrong", "ü", "0" * 32])
def test_wrong_password_is_refused(open_client: OpenClient, account: Account, password: str) -> None:
    for user in (account.sid, account.key_sid, "AC" + "0" * 32):
        with refused(401, 20003):
            open_client(user, password, account.sid).sync.v1.services("default").fetch()


def test_test_credentials_open_nothing(open_client: OpenClient, account: Account) -> None:
    with refused(403, 20008):
        open_client(account.test_sid, account.test_token).sync.v1.services("default").fetch()


def test_dates_of_keys_are_dates(own: Api, account: Account) -> None:
    assert isinstance(own.keys(account.key_sid).fetch()["date_created"], datetime)


def test_auth_token_is_replaced_without_a_webhook_that_cannot_be_verified(
    api: Api, open_client: OpenClient, account: Account, receiver: Receiver
) -> None:
    made = api.sync.v1.services.create(webhook_url=receiver.url, webhooks_from_rest_enabled=True)
    service = api.sync.v1.services(made["sid"])
    fresh = dated(api.accounts.v1.secondary_auth_token().create())["secondary_auth_token"]
    with refused(400, 70002):
        api.accounts.v1.secondary_auth_token().create()
    with_fresh = open_client(account.sid, fresh)
    with_fresh.sync.v1.services(made["sid"]).documents.create()
    by_first = receiver.next()

    promoted = dated(with_fresh.accounts.v1.auth_token_promotion().update())
    assert (promoted["account_sid"], promoted["auth_token"]) == (account.sid, fresh)
    account.server.in_step()
    with refused(401, 20003):
        service.documents.create()
    with_fresh.sync.v1.services(made["sid"]).documents.create()
    by_fresh = receiver.next()

    for token, hook in ((account.auth_token, by_first), (fresh, by_fresh)):
        assert signature_holds_in_python(token, hook.signature, hook.url, hook.params)


def test_secondary_auth_token_is_given_up(api: Api, open_client: OpenClient, account: Account) -> None:
    token = api.accounts.v1.secondary_auth_token().create()["secondary_auth_token"]
    assert api.accounts.v1.secondary_auth_token().delete() is True
    account.server.in_step()
    with refused(401, 20003):
        open_client(account.sid, token).api.v2010.accounts(account.sid).fetch()
    with refused(404, 20404):
        api.accounts.v1.auth_token_promotion().update()
