"""Both forms of address of Conversations over REST, and who may use them."""

import msgspec
import pytest

from tests.support.backend import Backend
from tests.support.rest import Rest
from tests.support.rig import BASE_URL, Rig
from tsock.accounts.accounts import create_subaccount
from tsock.accounts.caller import CHAT

NOT_FOUND = (404, 20404)
V1 = "/conversations/v1"


@pytest.fixture
def chat(backend: Backend) -> Backend:
    """A backend that begins its paths at the version."""
    backend.place = V1
    return backend


async def test_urls_repeat_the_form_that_was_used(rig: Rig, chat: Backend) -> None:
    made = await chat.make("/Conversations", FriendlyName="Case 1")
    url = f"{BASE_URL}{V1}/Conversations/{made['sid']}"
    assert made["url"] == url
    assert made["links"] == {
        "participants": f"{url}/Participants",
        "messages": f"{url}/Messages",
        "webhooks": f"{url}/Webhooks",
    }
    named = (await chat.get(f"/Services/{rig.made.chat_service_sid}/Conversations/{made['sid']}")).json
    assert named == {
        **made,
        "url": named["url"],
        "links": {name: link.replace(url, named["url"]) for name, link in made["links"].items()},
    }
    assert named["url"] == f"{BASE_URL}{V1}/Services/{rig.made.chat_service_sid}/Conversations/{made['sid']}"


async def test_service_is_told_where_the_address_has_it(rig: Rig, chat: Backend) -> None:
    sid = (await chat.make("/Conversations"))["sid"]
    participant = await chat.make(f"/Conversations/{sid}/Participants", Identity="alice")
    message = await chat.make(f"/Conversations/{sid}/Messages", Body="hello")
    for what, made in (("Participants", participant), ("Messages", message)):
        assert "chat_service_sid" not in made
        place = f"/Services/{rig.made.chat_service_sid}/Conversations/{sid}/{what}/{made['sid']}"
        assert (await chat.get(place)).json["chat_service_sid"] == rig.made.chat_service_sid


async def test_dates_have_no_fractions(rig: Rig, chat: Backend) -> None:
    made = await chat.make("/Conversations", DateUpdated="2031-02-01")
    assert (made["date_created"], made["date_updated"]) == ("2031-05-02T12:00:00Z", "2031-02-01T00:00:00Z")


async def test_sid_in_upper_case_names_the_same(chat: Backend) -> None:
    sid = (await chat.make("/Conversations"))["sid"]
    assert (await chat.get(f"/Conversations/{sid[:2]}{sid[2:].upper()}")).json["sid"] == sid


async def test_service_of_sync_is_none_of_conversations(rig: Rig, chat: Backend) -> None:
    for path in ("", "/Conversations", "/Configuration", "/Users"):
        page = await chat.get(f"/Services/{rig.made.sync_service_sid}{path}")
        assert page.error == NOT_FOUND, path


async def test_other_accounts_find_nothing(rig: Rig, chat: Backend) -> None:
    sid = (await chat.make("/Conversations"))["sid"]
    other = await rig.do(create_subaccount, rig.vault, rig.settings, rig.made.account_sid)
    stranger = Backend(rig, credentials=Rest(rig).token_of(other))
    stranger.place = V1
    own = f"/Services/{rig.made.chat_service_sid}"
    for path in (own, f"{own}/Conversations", f"{own}/Conversations/{sid}", f"/Conversations/{sid}"):
        assert (await stranger.get(path)).error == NOT_FOUND, path
    assert (await stranger.delete(own)).error == NOT_FOUND
    assert (await chat.get(f"/Conversations/{sid}")).status == 200


async def test_default_service_can_be_another_one(rig: Rig, chat: Backend) -> None:
    first = (await chat.make("/Conversations"))["sid"]
    other = (await chat.make("/Services", FriendlyName="other"))["sid"]
    changed = await chat.post("/Configuration", {"DefaultChatServiceSid": other})
    assert (changed.status, changed.json["default_chat_service_sid"]) == (200, other)
    assert (await chat.get(f"/Conversations/{first}")).error == NOT_FOUND
    service = rig.directory.default_service(rig.made.account_sid, CHAT)
    assert service is not None
    assert service.sid == other
    missing = await chat.post("/Configuration", {"DefaultChatServiceSid": rig.made.sync_service_sid})
    assert missing.error == NOT_FOUND


async def test_restricted_key_does_what_its_policy_lists(rig: Rig, chat: Backend) -> None:
    policy = msgspec.json.encode({"allow": ["/twilio/conversations/conversations/read"]}).decode()
    key = await Rest(rig).key_of(kind="restricted", policy=policy)
    reader = Backend(rig, credentials=key)
    reader.place = V1
    sid = (await chat.make("/Conversations"))["sid"]
    assert (await reader.get(f"/Conversations/{sid}")).status == 200
    assert (await reader.get("/Conversations")).error == (403, 20006)
    assert (await reader.post("/Conversations")).error == (403, 20006)


async def test_pages_lead_through_all_and_back(chat: Backend) -> None:
    sids = [(await chat.make("/Conversations"))["sid"] for _ in range(5)]
    page = (await chat.get("/Conversations?PageSize=2&State=active")).json
    forwards = await chat.walk(page["meta"]["url"], "conversations")
    assert sorted(record["sid"] for records in forwards for record in records) == sorted(sids)
    assert [len(records) for records in forwards] == [2, 2, 1]
    assert "State=active" in page["meta"]["next_page_url"]
