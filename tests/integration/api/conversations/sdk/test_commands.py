"""The commands of the SDKs, reply for reply."""

from typing import Any

import pytest

from tests.support.backend import Backend
from tests.support.chatter import AIM, Chatter
from tests.support.rig import Rig
from tests.support.uploader import Uploader
from tsock.accounts import services
from tsock.accounts.caller import CHAT
from tsock.accounts.services import ServiceChange
from tsock.conversations import templates
from tsock.storage.store import fetched

NOON = "2031-05-02T12:00:00.000Z"
ABSENT = "0" * 32


async def dump(rig: Rig) -> list[Any]:
    """Every row that a command could change."""
    names = ("chat_conversations", "chat_participants", "chat_users", "sync_objects", "sync_list_items")
    names += ("sync_map_items", "chat_mutations", "chat_media", "chat_loose_blobs")
    return [
        await fetched(rig.store, lambda tx, name=name: tx.all(f"SELECT * FROM {name}", {})) for name in names
    ]


async def test_configuration_says_who_one_is_and_where_everything_lies(rig: Rig, alice: Chatter) -> None:
    told = alice.configuration
    assert told["identity"] == "alice"
    assert told["options"]["http_cache_interval"] == "PT0S"
    assert told["options"]["reachability_enabled"] is False
    service = f"https://{AIM}/Client/v2/Services/{rig.made.chat_service_sid}"
    assert told["links"]["conversations"] == f"{service}/Conversations"
    assert told["links"]["messages_receipts"] == f"{service}/Conversations/%s/Messages/%s/Receipts"
    assert told["links"]["my_conversations"].startswith(f"{service}/Users/US")
    for name, items in (("my_conversations", set()), ("my_user_info", {"friendlyName", "attributes"})):
        sid = told["sync_objects"][name]
        found = (await alice.ask("GET", f"/v3/Maps/{sid}", params={"Include": "items"})).body
        assert {item["key"] for item in found["items"]} == items
    assert (await alice.ask("GET", "/Client/v1/Configuration")).body["sync_objects"] == told["sync_objects"]


async def test_conversation_is_shown_whole_in_every_reply(rig: Rig, alice: Chatter) -> None:
    made = (await alice.post("/Conversations", {"friendly_name": "Team", "attributes": '{"a":1}'})).body
    sid = made["sid"]
    url = f"https://{AIM}{alice.place}/Conversations/{sid}"
    assert made == {
        "account_sid": rig.made.account_sid,
        "chat_service_sid": rig.made.chat_service_sid,
        "sid": sid,
        "conversation_sid": sid,
        "friendly_name": "Team",
        "unique_name": None,
        "attributes": '{"a":1}',
        "type": "private",
        "created_by": "alice",
        "date_created": NOON,
        "date_updated": NOON,
        "state": "active",
        "status": "notParticipating",
        "last_read_message_index": None,
        "last_consumed_message_index": None,
        "unread_messages_count": None,
        "notification_level": "default",
        "participants_count": 0,
        "messages_count": 0,
        "url": url,
        "links": {
            "messages": f"{url}/Messages",
            "participants": f"{url}/Participants",
            "invites": f"{url}/Invites",
        },
        "sync_objects": {
            "conversation": f"{sid}.channel",
            "messages": f"{sid}.messages",
            "participants": f"{sid}.roster",
        },
    }
    assert (await alice.get(f"/Conversations/{sid}")).body == made
    await alice.post(f"/Conversations/{sid}/Participants", {"identity": "alice"})
    changed = (await alice.post(f"/Conversations/{sid}", {"unique_name": "team"})).body
    assert changed == {**made, "unique_name": "team", "status": "joined", "participants_count": 1}


async def test_own_conversation_is_found_by_sid_and_by_name(alice: Chatter, bob: Chatter) -> None:
    path = await alice.conversation("bob", unique_name="big one")
    await alice.say(path, "x")
    sid = path.rpartition("/")[2]
    own = alice.links["my_conversations"].partition("Services/")[2].partition("/")[2]
    for name in (sid, "big%20one"):
        found = (await alice.get(f"/{own}/{name}")).body
        assert (found["sid"], found["status"], found["messages_count"]) == (sid, "joined", 1)
    assert (await alice.get(f"/{own}/nowhere")).error == (404, 50350)
    marked = await alice.post(f"/{own}/{sid}", {"last_read_message_index": 0})
    assert (marked.body["last_read_message_index"], marked.body["unread_messages_count"]) == (0, 0)
    muted = (await alice.post(f"/{own}/{sid}", {"notification_level": "muted"})).body
    assert (muted["notification_level"], muted["last_read_message_index"]) == ("muted", 0)
    assert (await alice.post(f"/{own}/{sid}", {"last_consumed_message_index": None})).body[
        "unread_messages_count"
    ] is None
    assert (await bob.get(f"/{own}/{sid}")).error == (404, 50200)


async def test_list_of_own_conversations_is_walked_to_its_exact_end(rig: Rig, alice: Chatter) -> None:
    made = sorted([(await alice.conversation()).rpartition("/")[2] for _ in range(4)])
    own = alice.links["my_conversations"].partition("Services/")[2].partition("/")[2]
    for size in (1, 2, 3, 4, 50):
        found: list[str] = []
        params: dict[str, str] = {"PageSize": str(size)}
        while True:
            page = (await alice.get(f"/{own}", **params)).body
            found += [row["conversation_sid"] for row in page["conversations"]]
            if page["meta"]["next_token"] is None:
                break
            params["PageToken"] = page["meta"]["next_token"]
        assert found == made
    assert (await alice.get(f"/{own}", PageToken="x")).error == (400, 19038)
    assert (await alice.get(f"/{own}", PageSize="0")).error == (400, 20422)


async def test_mutation_that_is_repeated_is_carried_out_once(rig: Rig, alice: Chatter, bob: Chatter) -> None:
    """C-068."""
    path = await alice.conversation("bob")
    message = {"body": "x", "attributes": "{}"}
    first = await alice.post(f"{path}/Messages", message, mutation_id="m1")
    again = await alice.post(f"{path}/Messages", message, mutation_id="m1")
    assert (first.status, again) == (201, (202, {"resource_url": first.body["url"]}))
    fetched_again = await alice.ask("GET", first.body["url"].partition(AIM)[2])
    assert fetched_again.body == first.body
    other = await bob.post(f"{path}/Messages", message, mutation_id="m1")
    assert (other.status, other.body["index"]) == (201, 1)

    removal = await alice.delete(f"{path}/Messages/{first.body['sid']}", mutation_id="m2")
    assert removal.status == (await alice.delete(f"{path}/Messages/x", mutation_id="m2")).status == 204
    rig.passed_ms += 600_000
    assert (await alice.post(f"{path}/Messages", message, mutation_id="m1")).status == 201


async def test_mutation_that_was_refused_may_be_tried_again(alice: Chatter, bob: Chatter) -> None:
    path = await alice.conversation()
    message = {"body": "x", "attributes": "{}"}
    assert (await bob.post(f"{path}/Messages", message, mutation_id="m")).error == (403, 50430)
    await alice.post(f"{path}/Participants", {"identity": "bob"})
    assert (await bob.post(f"{path}/Messages", message, mutation_id="m")).status == 201


async def test_participant_is_shown_and_named_by_sid_or_identity(alice: Chatter, bob: Chatter) -> None:
    path = await alice.conversation()
    added = await alice.post(f"{path}/Participants", {"identity": "b/ob?", "attributes": '{"x":1}'})
    assert (added.status, added.body["identity"], added.body["messaging_binding"]) == (201, "b/ob?", None)
    for name in (added.body["sid"], "b%2Fob%3F"):
        assert (await alice.get(f"{path}/Participants/{name}")).body == added.body
    sms = {"address": "+15558675310", "proxy_address": "+15558675311"}
    outside = await alice.post(f"{path}/Participants", {"messaging_binding": sms, "attributes": "{}"})
    assert outside.body["messaging_binding"] == {"type": "sms", **sms}
    assert outside.body["identity"] is None
    assert (await alice.delete(f"{path}/Participants/b%2Fob%3F")).status == 204
    assert (await alice.get(f"{path}/Participants/{added.body['sid']}")).error == (404, 50432)


async def test_user_shows_its_map_and_changes_only_itself(alice: Chatter, bob: Chatter) -> None:
    shown = (await alice.get("/Users/bob")).body
    assert shown["sync_objects"]["user_info_map"] == bob.configuration["sync_objects"]["my_user_info"]
    assert (await alice.get("/Users/nobody")).error == (404, 50200)
    changed = await bob.post("/Users/bob", {"friendly_name": "Bob", "attributes": "[1]"})
    assert (changed.body["friendly_name"], changed.body["attributes"]) == ("Bob", "[1]")
    refused = await alice.post("/Users/bob", {"friendly_name": "x"})
    assert refused.error == (403, 50107)
    assert "editAnyUserInfo" in refused.body["message"]


BAD: list[tuple[str, str, Any, tuple[int, int]]] = [
    ("POST", "/Conversations", b"{", (400, 20422)),
    ("POST", "/Conversations", b"[]", (400, 20422)),
    ("POST", "/Conversations", b'{"friendly_name":"\xff"}', (400, 20422)),
    ("POST", "/Conversations", {"friendly_name": 7}, (400, 20422)),
    ("POST", "/Conversations", {"attributes": {"a": 1}}, (400, 20422)),
    ("POST", "/Conversations", {"attributes": "{"}, (400, 50304)),
    ("POST", "/Conversations", {"type": "secret"}, (400, 20422)),
    ("POST", "{own}", {}, (400, 20161)),
    ("POST", "{own}", {"attributes": "nope"}, (400, 50304)),
    ("POST", "{own}/Participants", {}, (400, 50204)),
    ("POST", "{own}/Participants", {"identity": 7}, (400, 20422)),
    ("POST", "{own}/Participants", {"messaging_binding": {}}, (400, 50411)),
    ("POST", "{own}/Participants", {"messaging_binding": {"address": 7}}, (400, 20422)),
    (
        "POST",
        "{own}/Participants",
        {"identity": "x", "messaging_binding": {"address": "+15558675310"}},
        (400, 50211),
    ),
    ("POST", "{own}/Participants/alice", {}, (400, 20161)),
    ("POST", "{own}/Participants/nobody", {"attributes": "{}"}, (404, 50432)),
    ("DELETE", "{own}/Participants/nobody", {}, (404, 50432)),
    ("POST", "{own}/Messages", {"body": "x" * 32_769}, (400, 50504)),
    ("POST", "{own}/Messages", {"body": ["x"]}, (400, 20422)),
    ("POST", "{own}/Messages", {"body": "x", "subject": "x" * 257}, (400, 20422)),
    ("POST", "{own}/Messages/{message}", {"subject": "x" * 257}, (400, 20422)),
    ("POST", "{own}/Messages", {"body": "x", "attributes": "x"}, (400, 50304)),
    ("POST", "{own}/Messages", {"body": "x", "attributes": '"' + "x" * 4096 + '"'}, (400, 50303)),
    ("POST", "{own}/Messages", {"body": "x", "subject": ["x"]}, (400, 20422)),
    ("POST", "{own}/Messages", {"media_sids": "ME"}, (400, 20422)),
    ("POST", "{own}/Messages", {"media_sids": [7]}, (400, 20422)),
    ("POST", "{own}/Messages", {"media_sids": None}, (400, 20422)),
    ("POST", "{own}/Messages", {"media_sids": ["x"]}, (400, 50510)),
    ("POST", "{own}/Messages", {"media_sids": ["IM" + ABSENT]}, (400, 50510)),
    ("POST", "{own}/Messages", {"media_sids": ["ME" + ABSENT]}, (404, 50507)),
    ("POST", "{own}/Messages", {"media_sids": ["{media}", "ME" + ABSENT]}, (404, 50507)),
    ("POST", "{own}/Messages", {"media_sids": ["{media}", "{media}"]}, (409, 50508)),
    ("POST", "{own}/Messages", {"media_sids": ["{media}"] * 11}, (400, 20422)),
    ("POST", "{own}/Messages", {"media_sid": ["x"]}, (400, 20422)),
    ("POST", "{own}/Messages", {"media_sid": "ME" + ABSENT}, (404, 50507)),
    ("POST", "{own}/Messages", {"content_sid": 7}, (400, 20422)),
    ("POST", "{own}/Messages", {"content_sid": "x"}, (400, 50526)),
    ("POST", "{own}/Messages", {"content_sid": "HX" + ABSENT}, (400, 50526)),
    ("POST", "{own}/Messages", {"content_sid": "{template}", "content_variables": {"1": "x"}}, (400, 20422)),
    ("POST", "{own}/Messages", {"content_sid": "{template}", "content_variables": "{"}, (400, 50527)),
    ("POST", "{own}/Messages", {"content_sid": "{template}", "content_variables": "[]"}, (400, 50527)),
    ("POST", "{own}/Messages", {"content_sid": "{template}", "content_variables": '{"1":7}'}, (400, 50527)),
    ("POST", "{own}/Messages", {"body": "x", "content_variables": "{}"}, (400, 50528)),
    ("POST", "{own}/Messages/{message}", {"subject": 7}, (400, 20422)),
    ("POST", "{own}/Messages/{message}", {}, (400, 20161)),
    ("POST", "{own}/Messages/IM0", {"body": "x"}, (404, 50500)),
    ("DELETE", "{own}/Messages/IM0", {}, (404, 50500)),
    ("POST", "/Users/alice", {}, (400, 20161)),
    ("POST", "/Users/alice", {"friendly_name": "x" * 257}, (400, 50003)),
    ("POST", "/Users/alice", {"attributes": "{"}, (400, 50304)),
    ("POST", "{mine}", {}, (400, 20161)),
    ("POST", "{mine}", {"last_read_message_index": "1"}, (400, 50421)),
    ("POST", "{mine}", {"last_read_message_index": 1.5}, (400, 50421)),
    ("POST", "{mine}", {"last_read_message_index": -1}, (400, 50421)),
    ("POST", "{mine}", {"last_read_message_index": True}, (400, 50421)),
    ("POST", "{mine}", {"notification_level": "loud"}, (400, 50210)),
]


async def test_bad_input_is_refused_and_changes_nothing(rig: Rig, alice: Chatter) -> None:
    """C-059."""
    own = await alice.conversation()
    message = (await alice.say(own, "x"))["sid"]
    user = alice.links["current_user"].rpartition("/")[2]
    media = (await Uploader(rig, "alice").stored(b"x"))["sid"]
    variants = {"twilio/text": {"body": "Hi {{1}}"}}
    account = rig.made.account_sid
    template = await rig.do(templates.put, account, None, friendly_name="t", variables={}, variants=variants)
    named = {"own": own, "message": message, "mine": f"/Users/{user}{own}"}
    sids = {"{media}": media, "{template}": template.sid}
    before = await dump(rig)
    for method, path, body, error in BAD:
        reply = await alice.ask(method, alice.place + path.format(**named), _naming(body, sids))
        assert reply.error == error, (method, path, body, reply)
        assert len(reply.body["message"]) > 20
        assert await dump(rig) == before, (method, path, body)


def _naming(body: Any, sids: dict[str, str]) -> Any:
    """The members of a command with these SIDs in place of their names."""
    if isinstance(body, dict):
        return {name: _naming(value, sids) for name, value in body.items()}
    if isinstance(body, list):
        return [_naming(value, sids) for value in body]
    return sids.get(body, body) if isinstance(body, str) else body


@pytest.mark.parametrize(
    "path",
    [
        "{place}/Users/{user}/Conversations",
        "{place}{own}/MessageRecipients",
        "{place}{own}/Messages/{message}/Receipts",
        "/Client/v2/ContentTemplates",
    ],
)
async def test_page_that_cannot_be_is_refused(alice: Chatter, path: str) -> None:
    own = await alice.conversation()
    message = (await alice.say(own, "x"))["sid"]
    user = alice.links["current_user"].rpartition("/")[2]
    where = path.format(place=alice.place, own=own, message=message, user=user)
    for token in ("x", "0", f"MB{ABSENT}", f"MB{ABSENT}0", "\N{SNOWMAN}", "x" * 10_000):
        reply = await alice.ask("GET", where, params={"PageToken": token})
        assert reply.error == (400, 19038), token
    for size in ("", "0", "-1", "+1", "1.5", "many", "\N{ARABIC-INDIC DIGIT FIVE}"):
        reply = await alice.ask("GET", where, params={"PageSize": size})
        assert reply.error == (400, 20422), size
        assert "PageSize" in reply.body["message"]
    for size in ("1001", "9" * 400):
        assert (await alice.ask("GET", where, params={"PageSize": size})).status == 200


async def test_stranger_learns_nothing_of_a_conversation(rig: Rig, alice: Chatter, mallory: Chatter) -> None:
    path = await alice.conversation("bob", unique_name="secret plan")
    message = (await alice.say(path, "x"))["sid"]
    sid = path.rpartition("/")[2]
    user = mallory.links["current_user"].rpartition("/")[2]
    asked = [
        ("GET", path),
        ("POST", path),
        ("DELETE", path),
        ("POST", f"{path}/Participants"),
        ("GET", f"{path}/Participants/alice"),
        ("POST", f"{path}/Participants/alice"),
        ("DELETE", f"{path}/Participants/alice"),
        ("POST", f"{path}/Messages"),
        ("GET", f"{path}/Messages/{message}"),
        ("POST", f"{path}/Messages/{message}"),
        ("DELETE", f"{path}/Messages/{message}"),
        ("GET", f"/Users/{user}/Conversations/{sid}"),
        ("GET", f"/Users/{user}/Conversations/secret%20plan"),
        ("POST", f"/Users/{user}/Conversations/{sid}"),
    ]
    body = {"identity": "mallory", "attributes": "{}", "body": "x", "last_read_message_index": 0}
    before = await dump(rig)
    for method, where in asked:
        reply = await mallory.ask(method, mallory.place + where, None if method == "GET" else body)
        assert reply.error == (403, 50430), (method, where, reply)
    for part, kind in (("channel", "Documents"), ("messages", "Lists"), ("roster", "Maps")):
        assert (await mallory.ask("GET", f"/v3/{kind}/{sid}.{part}")).error == (403, 54007)
    map_sid = alice.configuration["sync_objects"]["my_conversations"]
    assert (await mallory.ask("GET", f"/v3/Maps/{map_sid}/Items")).error == (403, 54007)
    assert await dump(rig) == before


async def test_other_service_and_other_product_are_out_of_reach(rig: Rig, alice: Chatter) -> None:
    path = await alice.conversation()
    other = await rig.do(services.create_service, rig.made.account_sid, CHAT)
    neighbour = await Chatter(rig, "alice", other.sid).start()
    assert (await neighbour.get(path)).error == (404, 50350)
    assert (await neighbour.ask("GET", alice.place + path)).error == (404, 20404)
    sid = path.rpartition("/")[2]
    assert (await neighbour.ask("GET", f"/v3/Documents/{sid}.channel")).status == 404
    both = rig.connect("alice", products={CHAT: "default", "data_sync": "default"})
    assert (await both.request("GET", alice.place + path)).error == (403, 20106)


async def test_nothing_of_a_conversation_is_written_through_sync(rig: Rig, alice: Chatter) -> None:
    path = await alice.conversation()
    sid = path.rpartition("/")[2]
    for method, where in (
        ("POST", f"/v3/Documents/{sid}.channel"),
        ("DELETE", f"/v3/Lists/{sid}.messages"),
        ("POST", f"/v3/Lists/{sid}.messages/Items"),
        ("PUT", f"/v3/Maps/{sid}.roster/Items/x"),
        ("POST", "/v3/Documents"),
    ):
        assert (await alice.ask(method, where, {"data": {}})).error == (403, 54007)


@pytest.mark.parametrize("change", [ServiceChange(enabled=False), None])
async def test_service_that_ends_ends_access_at_once(
    rig: Rig, alice: Chatter, bob: Chatter, change: ServiceChange | None
) -> None:
    path = await alice.conversation("bob")
    sid = path.rpartition("/")[2]
    found = (await bob.ask("GET", f"/v3/Lists/{sid}.messages")).body
    entry = {"object_sid": found["sid"], "object_type": "list", "last_event_id": found["last_event_id"]}
    batch = {"action": "establish", "correlation_id": 1, "requests": [entry]}
    await bob.ask("POST", "/v4/Subscriptions", batch)
    assert found["sid"] in bob.client.session.subscriptions

    service = rig.directory.service(rig.made.chat_service_sid)
    assert service is not None
    if change is None:
        await rig.do(services.delete_service, service.account_sid, CHAT, service.sid)
    else:
        await rig.do(services.change_service, service, change)
    await rig.settled()

    assert bob.client.session.subscriptions == {}
    assert (await bob.get(path)).status in (403, 404)


@pytest.mark.settings(chat_mutations_per_conversation_per_s=3)
async def test_conversation_takes_so_many_mutations_a_second(
    rig: Rig, alice: Chatter, backend: Backend
) -> None:
    backend.place = ""
    one, two = await alice.conversation(), await alice.conversation()
    rig.passed_ms += 5000
    message = {"body": "x", "attributes": "{}"}
    statuses = [(await alice.post(f"{one}/Messages", message)).status for _ in range(4)]
    assert statuses == [201, 201, 201, 429]
    assert (await alice.post(f"{two}/Messages", message)).status == 201
    assert (await alice.post(f"{one}/Messages", message)).error == (429, 50063)
    assert (await alice.get(one)).status == 200
    by_rest = await backend.post(f"/conversations/v1{one}/Messages", {"Body": "x"})
    assert (by_rest.status, by_rest.json["code"]) == (429, 50063)


@pytest.mark.settings(chat_mutations_per_conversation_per_s=2)
@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("Users", {"Identity": "u{}"}),
        ("Roles", {"FriendlyName": "r{}", "Type": "service", "Permission": "joinConversation"}),
        ("Conversations", {"FriendlyName": "c{}"}),
    ],
)
async def test_service_takes_so_many_that_are_made_and_removed_a_second(
    rig: Rig, backend: Backend, kind: str, form: dict[str, str]
) -> None:
    backend.place = "/conversations/v1"

    def numbered(number: int) -> dict[str, str]:
        return {name: value.format(number) for name, value in form.items()}

    made = [await backend.post(f"/{kind}", numbered(number)) for number in range(3)]
    assert [each.status for each in made] == [201, 201, 429]
    one = f"/{kind}/{made[0].json['sid']}"
    assert (await backend.delete(one)).status == 429
    assert (await backend.get(one)).status == 200
    rig.passed_ms += 5000
    assert (await backend.delete(one)).status == 204


async def test_message_of_chat_has_no_metadata_of_another_channel(alice: Chatter, bob: Chatter) -> None:
    """Clients take exactly this code for none, and repeat what they are told otherwise."""
    path = await alice.conversation()
    message = await alice.say(path, "hello")
    one = f"{path}/Messages/{message['sid']}/ChannelMetadata"
    assert (await alice.get(one)).error == (404, 50530)
    assert (await alice.get(f"{path}/Messages/IM{'0' * 32}/ChannelMetadata")).error == (404, 50500)
    assert (await bob.get(one)).error == (403, 50430)
