"""Chat over REST: what its translation adds to Conversations, and where it is refused."""

import pytest

from tests.support.backend import Backend
from tests.support.chatter import Chatter
from tests.support.rig import BASE_URL, Rig
from tests.support.web import Web
from tsock.conversations import bindings
from tsock.conversations.actor import ChatActor
from tsock.conversations.bindings import NewBinding

NOON = "2031-05-02T12:00:00Z"


@pytest.fixture
def chat(rig: Rig, backend: Backend) -> Backend:
    """Below the account's own service, as Chat has it."""
    backend.place = f"/chat/v2/Services/{rig.made.chat_service_sid}"
    backend.url = BASE_URL + backend.place
    return backend


async def test_channel_is_shown_whole(rig: Rig, chat: Backend) -> None:
    made = await chat.make("/Channels", UniqueName="team", Nonsense="1")
    url = f"{chat.url}/Channels/{made['sid']}"
    assert made == {
        "sid": made["sid"],
        "account_sid": rig.made.account_sid,
        "service_sid": rig.made.chat_service_sid,
        "friendly_name": None,
        "unique_name": "team",
        "attributes": "{}",
        "type": "public",
        "created_by": "system",
        "members_count": 0,
        "messages_count": 0,
        "date_created": NOON,
        "date_updated": NOON,
        "url": url,
        "links": {
            "members": f"{url}/Members",
            "messages": f"{url}/Messages",
            "invites": f"{url}/Invites",
            "webhooks": f"{url}/Webhooks",
        },
    }
    page = (await chat.get("/Channels?PageSize=1")).json
    assert page["channels"] == [made]
    assert page["meta"]["key"] == "channels"
    assert page["meta"]["url"] == f"{chat.url}/Channels?PageSize=1&Page=0"


async def test_url_of_an_official_host_has_no_product(rig: Rig, chat: Backend) -> None:
    web, path = Web(rig), f"/v2/Services/{rig.made.chat_service_sid}/Users"
    host = [("host", "chat.twilio.com")]
    page = await web("POST", path, form={"Identity": "alice"}, headers=host, credentials=chat.credentials)
    assert page.json["url"] == f"https://chat.twilio.com{path}/{page.json['sid']}"


async def test_names_of_conversations_mean_nothing_here_and_those_of_chat_nothing_there(
    rig: Rig, chat: Backend
) -> None:
    channel = (await chat.make("/Channels"))["sid"]
    await chat.make(f"/Channels/{channel}/Messages", Body="x", Author="alice")
    chat.place = f"/conversations/v1/Services/{rig.made.chat_service_sid}"
    path = f"/Conversations/{channel}/Messages"
    assert [each["author"] for each in (await chat.get(path)).json["messages"]] == ["system"]
    assert (await chat.make(path, Body="x", From="alice"))["author"] == "system"
    assert (await chat.get("/Channels")).error == (404, 20404)


async def test_file_of_a_message_is_one(rig: Rig, chat: Backend) -> None:
    credentials = chat.credentials
    uploaded = await chat.web(
        "POST",
        f"/mcs/v1/Services/{rig.made.chat_service_sid}/Media",
        b"bytes",
        headers=[("content-type", "image/png")],
        credentials=credentials,
    )
    channel = (await chat.make("/Channels"))["sid"]
    message = await chat.make(f"/Channels/{channel}/Messages", MediaSid=uploaded.json["sid"])
    assert message["type"] == "media"
    assert message["media"] == {
        "sid": uploaded.json["sid"],
        "size": 5,
        "content_type": "image/png",
        "filename": None,
    }


async def test_refusals_are_those_of_conversations(chat: Backend) -> None:
    channel = f"/Channels/{(await chat.make('/Channels', UniqueName='team'))['sid']}"
    for path, form, error in (
        ("/Channels", {"UniqueName": "team"}, (409, 50353)),
        ("/Channels", {"Type": "secret"}, (400, 20422)),
        ("/Channels", {"CreatedBy": "x" * 257}, (400, 50207)),
        ("/Channels", {"Attributes": "{"}, (400, 50304)),
        (channel, {}, (400, 50347)),
        (channel, {"UniqueName": ["a", "b"]}, (400, 20422)),
        (f"{channel}/Members", {}, (400, 50204)),
        (f"{channel}/Members", {"Identity": "a", "RoleSid": "x"}, (400, 20423)),
        (f"{channel}/Messages", {}, (400, 50503)),
        (f"{channel}/Invites", {}, (400, 50204)),
        ("/Channels/nowhere/Members", {"Identity": "a"}, (404, 20404)),
        ("/Users", {}, (400, 50204)),
        ("", {"FriendlyName": ""}, (400, 50000)),
        ("", {"TypingIndicatorTimeout": "0"}, (400, 20422)),
        ("", {"Limits.ChannelMembers": "1001"}, (400, 20422)),
        ("", {"PreWebhookRetryCount": "4"}, (400, 20422)),
        ("", {"WebhookFilters": "onNothing"}, (400, 50054)),
        ("", {"DefaultServiceRoleSid": f"RL{'0' * 32}"}, (404, 50100)),
        ("/Roles", {"FriendlyName": "r", "Type": "group", "Permission": "sendMessage"}, (400, 50105)),
        ("/Roles", {"FriendlyName": "r", "Type": "channel", "Permission": "createChannel"}, (400, 50104)),
        (f"{channel}/Webhooks", {"Type": "webhook"}, (400, 50369)),
    ):
        raw = "&".join(
            f"{name}={text}"
            for name, value in form.items()
            for text in (value if isinstance(value, list) else [value])
        )
        assert (await chat.post(path, raw=raw.encode())).error == error, (path, form)
    odd = await chat.post("/Roles", {"FriendlyName": "r", "Type": "group", "Permission": "sendMessage"})
    assert "channel and deployment" in odd.json["message"]
    for path in ("/Channels/nowhere", "/Users/nobody", f"{channel}/Messages/IM{'0' * 32}", "/Groups"):
        assert (await chat.get(path)).error == (404, 20404)


async def test_what_a_service_sets_holds_for_its_clients(rig: Rig, chat: Backend) -> None:
    form = {"TypingIndicatorTimeout": "9", "ConsumptionReportInterval": "3", "Limits.UserChannels": "1"}
    assert (await chat.post("", form)).status == 200
    alice = await Chatter(rig, "alice").start()
    bob = await Chatter(rig, "bob").start()
    assert alice.configuration["options"]["consumption_report_interval"] == "PT3S"
    path = await alice.conversation("bob")
    sid = path.rpartition("/")[2]
    typed = await alice.ask("POST", "/v1/typing", f"ChannelSid={sid}".encode())
    assert typed.body == {"typing_timeout": 9}
    other = (await bob.post("/Conversations", {"attributes": "{}"})).body["sid"]
    joined = await bob.post(f"/Conversations/{other}/Participants", {"identity": "bob"})
    assert (joined.status, joined.body["code"]) == (403, 50214)


async def test_devices_are_shown_of_a_service_and_of_a_user(rig: Rig, chat: Backend) -> None:
    sids: dict[str, str] = {}
    for identity in ("alice", "bob"):
        actor = ChatActor(rig.made.account_sid, rig.made.chat_service_sid, identity, source="SDK")
        new = NewBinding(type="fcm", endpoint=f"{identity}'s", message_types=["a"])
        sids[identity] = (await rig.do(bindings.register, actor, new)).sid
    one = (await chat.get(f"/Bindings/{sids['alice']}")).json
    service = f"{BASE_URL}/chat/v2/Services/{rig.made.chat_service_sid}"
    assert one == {
        "sid": sids["alice"],
        "account_sid": rig.made.account_sid,
        "service_sid": rig.made.chat_service_sid,
        "credential_sid": None,
        "endpoint": "alice's",
        "identity": "alice",
        "binding_type": "fcm",
        "message_types": ["a"],
        "date_created": one["date_created"],
        "date_updated": one["date_updated"],
        "url": f"{service}/Bindings/{sids['alice']}",
        "links": {"user": f"{service}/Users/alice"},
    }
    assert [each["sid"] for each in (await chat.get("/Bindings?Identity=bob")).json["bindings"]] == [
        sids["bob"]
    ]
    user = (await chat.get("/Users/alice")).json["sid"]
    (own,) = (await chat.get("/Users/alice/Bindings?BindingType=fcm")).json["bindings"]
    assert (own["sid"], own["user_sid"]) == (sids["alice"], user)
    assert own["url"] == f"{service}/Users/{user}/Bindings/{sids['alice']}"
    assert (await chat.get(f"/Users/{user}/Bindings/{sids['alice']}")).json == own
    assert (await chat.get(f"/Users/alice/Bindings/{sids['bob']}")).error == (404, 20404)
    assert (await chat.delete(f"/Users/alice/Bindings/{sids['bob']}")).error == (404, 20404)
    assert (await chat.get("/Users/alice/Bindings?BindingType=pigeon")).error == (400, 50209)
    assert (await chat.delete(f"/Users/alice/Bindings/{sids['alice']}")).status == 204
    assert (await chat.delete(f"/Bindings/{sids['bob']}")).status == 204
    assert (await chat.get("/Bindings")).json["bindings"] == []
