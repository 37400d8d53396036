"""U+0000 at every door: kept in what is JSON, refused elsewhere, and never in a column or a question to one.

SQLite would take it; PostgreSQL does not, so the store of these tests is as strict.
"""

import itertools
import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.chatter import Chatter
from tests.support.rig import Client, Rig
from tests.support.web import OPERATOR, Page, Web
from tsock.api.request import Door
from tsock.api.router import Router
from tsock.ids import Ids
from tsock.storage.sqlite.store import SqliteTx
from tsock.tokens import jws

NAME = "a\0b"


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the store refuse what PostgreSQL refuses."""
    make = SqliteTx.__init__

    def made(self: SqliteTx, connection: sqlite3.Connection, ids: Ids) -> None:
        make(self, connection, ids)
        self._execute = checking(connection.execute)

    monkeypatch.setattr(SqliteTx, "__init__", made)


def checking(execute: Callable[..., Any]) -> Callable[..., Any]:
    def checked(sql: str, params: Mapping[str, Any] = {}) -> Any:
        texts = {name: value for name, value in params.items() if isinstance(value, str)}
        bad = [name for name, text in texts.items() if "\0" in text or not _is_utf8(text)]
        if bad:
            raise sqlite3.DataError(f"{bad} in {sql}")
        return execute(sql, params)

    return checked


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def test_store_of_these_tests_is_strict(rig: Rig) -> None:
    for text in (NAME, "\ud800"):
        with pytest.raises(sqlite3.DataError):
            await rig.do(lambda tx, text=text: tx.one("SELECT :text", {"text": text}))


# Paths and queries


async def test_path_or_parameter_is_400_20422_on_every_route_of_a_socket(
    rig: Rig, everything: Router, client: Client
) -> None:
    alice = Chatter(rig, "alice")
    for route in everything.routes():
        if route.door is Door.TUNNEL:
            plain, *named = {re.sub(r"\{\w+\}", text, route.pattern): None for text in ("a", "a%00b", NAME)}
            targets = [
                (plain, {"From": NAME}),
                (plain, {"PageToken": "%00"}),
                *((path, {}) for path in named),
            ]
            ask = client.request if route.pattern.startswith(("/v3", "/v4")) else alice.ask
            for path, params in targets:
                assert (await ask(route.method, path, {}, params=params)).error == (400, 20422), (
                    path,
                    params,
                )


async def test_path_or_query_is_400_20422_on_every_route_of_http(
    rig: Rig, everything: Router, web: Web
) -> None:
    credentials = rig.made.account_sid, rig.made.auth_token
    for route in everything.routes():
        if route.door is not Door.TUNNEL:
            how: dict[str, Any] = {"credentials": credentials}
            if route.door is Door.OPERATOR:
                how = {"server": OPERATOR}
            plain, *named = {re.sub(r"\{\w+\}", text, route.pattern): None for text in ("a", "a%00b")}
            for target in (f"{plain}?After=%00", f"{plain}?%00=", *named):
                assert (await web(route.method, target, **how)).error == (400, 20422), target


# Forms

PRODUCTS = ("/api", "/chat", "/conversations", "/iam", "/sync")
VALID: dict[str, str] = {
    "FriendlyName": "a name",
    "Data": "{}",
    "Attributes": "{}",
    "Body": "hello",
    "Author": "alice",
    "Subject": "greetings",
    "Permission": "sendMessage",
    "KeyType": "standard",
    "Status": "active",
    "State": "active",
    "Ttl": "600",
    "Read": "true",
    "Write": "true",
    "Manage": "true",
    "NotificationLevel": "muted",
    "LastReadMessageIndex": "0",
    "WebhookUrl": "https://example.com/",
    "PreWebhookUrl": "https://example.com/",
    "PostWebhookUrl": "https://example.com/",
    "Method": "POST",
    "WebhookMethod": "POST",
    "Target": "webhook",
    "Configuration.Url": "https://example.com/",
    "Configuration.Method": "POST",
    "Configuration.Filters": "onMessageAdded",
    "NewMessage.Enabled": "true",
    "NewMessage.Template": "hello",
    "NewMessage.Sound": "ping",
    "Bindings.Email.Address": "support@example.com",
    "Bindings.Email.Name": "Support",
    "Timers.Inactive": "PT10M",
    "DefaultInactiveTimer": "PT10M",
    "DefaultClosedTimer": "P1D",
    "Media.CompatibilityMessage": "a file",
    "Secret": "s",
    "ApiKey": "s",
}
"""A value for whatever a form may have; what an operation does not know is ignored."""
OTHERS = (
    *("UniqueName", "Identity", "Key", "Type", "ContentSid", "ContentVariables", "MediaSid", "RoleSid"),
    *("AccountSid", "Policy", "Participant", "DefaultChatServiceSid", "DefaultChatServiceRoleSid", "Filters"),
    *("DefaultMessagingServiceSid", "MessagingServiceSid", "MessagingBinding.Address", "DateCreated"),
    *("MessagingBinding.ProxyAddress", "MessagingBinding.ProjectedAddress", "Configuration.FlowSid"),
    *("Configuration.Triggers", "WebhookFilters", "CreatedBy", "Timers.Closed"),
)
_numbers = itertools.count()


class Rest:
    """Asks REST with the Auth Token of the ready-made account."""

    def __init__(self, rig: Rig, web: Web) -> None:
        self._made, self._web = rig.made, web
        self.places: dict[str, str] = {
            "account": rig.made.account_sid,
            "key": rig.made.signing_key.key_sid,
            "identity": "alice",
        }
        """By placeholder, what stands there."""

    async def post(self, path: str, form: Mapping[str, str]) -> Page:
        credentials = self._made.account_sid, self._made.auth_token
        return await self._web("POST", path, form=form, credentials=credentials)

    async def prepare(self) -> None:
        """Make something of each kind."""
        for name, path, form in (
            ("conversation", "/conversations/v1/Conversations", {}),
            (
                "participant",
                "/conversations/v1/Conversations/{conversation}/Participants",
                {"Identity": "alice"},
            ),
            ("message", "/conversations/v1/Conversations/{conversation}/Messages", {"Body": "hello"}),
            ("role", "/conversations/v1/Roles", self.form("/conversations/v1/Roles")),
            ("webhook", "/conversations/v1/Conversations/{conversation}/Webhooks", VALID),
            ("credential", "/conversations/v1/Credentials", {"Type": "fcm"}),
        ):
            made = await self.post(path.format_map(self.places), form)
            assert made.status == 201, (path, made)
            self.places[name] = made.json["sid"]
        self.places |= {"user": "alice", "channel": self.places["conversation"]}
        self.places["member"] = self.places["participant"]
        for kind in ("Documents", "Lists", "Maps", "Streams"):
            assert (await self.post(f"/sync/v1/Services/default/{kind}", {"UniqueName": "one"})).status == 201
        for kind, form in (("Lists", {"Data": "{}"}), ("Maps", {"Data": "{}", "Key": "0"})):
            made = await self.post(f"/sync/v1/Services/default/{kind}/one/Items", form)
            assert made.status == 201, made

    def path(self, pattern: str) -> str:
        product = {"service": self._made.sync_service_sid}
        if pattern.startswith(("/conversations", "/chat")):
            product = {"service": self._made.chat_service_sid}
        path = pattern.format_map({"object": "one", "item": "0", **self.places, **product})
        return f"{path}.json" if path.startswith("/api/") else path

    def form(self, path: str) -> dict[str, str]:
        """One that makes or changes what is at a path, unlike any other."""
        name = f"number {next(_numbers)}"
        kind = "fcm" if "/Credentials" in path else "conversation" if "/Roles" in path else "public"
        if path.startswith("/chat") and "/Roles" in path:
            kind = "channel"
        return {**VALID, "UniqueName": name, "Identity": name, "Key": name, "Type": kind}


async def test_no_text_of_a_form_gets_into_a_column(rig: Rig, everything: Router, web: Web) -> None:
    rest = Rest(rig, web)
    await rest.prepare()
    taken: set[str] = set()
    for route in everything.routes():
        if route.door is Door.HTTP and route.method == "POST" and route.pattern.startswith(PRODUCTS):
            path = rest.path(route.pattern)
            for name in (*VALID, *OTHERS):
                answer = await rest.post(
                    path, rest.form(path) | {"AccountSid": rig.made.account_sid, name: NAME}
                )
                assert answer.status < 500, (path, name)
                if answer.status < 300 and NAME in answer.body.decode().replace("\\u0000", "\0"):
                    taken.add(name)
    assert taken == {
        *("Body", "FriendlyName", "Bindings.Email.Address", "Bindings.Email.Name"),
        *("Media.CompatibilityMessage", "NewMessage.Template", "NewMessage.Sound"),
    }


@pytest.mark.parametrize(
    ("path", "form", "expected"),
    [
        ("/sync/v1/Services/default/Documents", {"UniqueName": NAME}, (400, 54302)),
        ("/sync/v1/Services/default/Maps/one/Items", {"Key": NAME, "Data": "{}"}, (400, 54209)),
        ("/sync/v1/Services", {"FriendlyName": NAME}, (400, 54053)),
        ("/sync/v1/Services", {"WebhookUrl": f"https://example.com/{NAME}"}, (400, 54051)),
        ("/conversations/v1/Conversations", {"UniqueName": NAME}, (400, 20422)),
        ("/conversations/v1/Users", {"Identity": NAME}, (400, 20422)),
        ("/conversations/v1/Services", {"FriendlyName": NAME}, (400, 20422)),
        ("/conversations/v1/Roles", {"FriendlyName": NAME, "Type": "service"}, (400, 20422)),
        ("/conversations/v1/Credentials", {"FriendlyName": NAME, "Type": "fcm"}, (400, 20422)),
        (
            "/conversations/v1/Conversations/{conversation}/Messages",
            {"Author": NAME, "Body": "x"},
            (400, 20422),
        ),
        (
            "/conversations/v1/Conversations/{conversation}/Participants",
            {"MessagingBinding.Address": "a\0@example.com", "MessagingBinding.ProxyAddress": "b@example.com"},
            (400, 50407),
        ),
        ("/chat/v2/Services/default/Channels", {"UniqueName": NAME}, (400, 20422)),
        ("/api/2010-04-01/Accounts.json", {"FriendlyName": NAME}, (400, 20002)),
        ("/api/2010-04-01/Accounts/{account}/Keys.json", {"FriendlyName": NAME}, (400, 20002)),
    ],
)
async def test_name_is_refused_with_the_code_of_what_it_names(
    rig: Rig, web: Web, path: str, form: dict[str, str], expected: tuple[int, int]
) -> None:
    rest = Rest(rig, web)
    await rest.prepare()
    answer = await rest.post(path.format_map(rest.places), form)
    assert answer.error == expected
    assert "U+0000" in answer.json["message"] or expected[1] in (50407, 54051)


# Bodies over a socket


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("Documents", {"unique_name": NAME}, (400, 54302)),
        ("Streams", {"unique_name": NAME}, (400, 54302)),
        ("Maps/map/Items", {"key": NAME, "data": {}}, (400, 54209)),
        ("Documents", {"unique_name": "\ud800"}, (400, 54008)),
        ("Maps/map/Items", {"key": "\ud800", "data": {}}, (400, 54008)),
    ],
)
async def test_name_or_key_of_sync_is_refused(
    client: Client, path: str, body: dict[str, Any], expected: tuple[int, int]
) -> None:
    await client.request("POST", "/v3/Maps", {"unique_name": "map"})
    reply = await client.request("POST", f"/v3/{path}", json.dumps(body).encode())
    assert reply.error == expected


async def test_data_may_have_it(client: Client) -> None:
    made = await client.request("POST", "/v3/Documents", {"unique_name": "one", "data": {NAME: NAME}})
    assert made.status == 201
    assert (await client.request("GET", "/v3/Documents/one")).body["data"] == {NAME: NAME}


async def test_object_that_cannot_be_is_not_found_by_a_subscription(client: Client) -> None:
    wanted = {"object_sid": NAME, "object_type": "document"}
    body = {"event_protocol_version": 3, "action": "establish", "correlation_id": 1, "requests": [wanted]}
    assert (await client.request("POST", "/v4/Subscriptions", body)).status == 200
    ((_, told),) = client.notifications()
    assert (told["event_type"], told["event"]["error"]["code"]) == ("subscription_failed", 54100)


@pytest.mark.parametrize("text", [NAME, "\ud800"])
async def test_no_text_of_a_command_gets_into_a_column(rig: Rig, text: str) -> None:
    alice = await Chatter(rig, "alice").start()
    one = await alice.conversation()
    commands: dict[str, tuple[dict[str, Any], set[str]]] = {
        "/Conversations": (
            {"friendly_name": "n", "unique_name": "u", "attributes": "{}", "type": "public"},
            {"friendly_name"},
        ),
        one: ({"friendly_name": "n", "unique_name": "u", "attributes": "{}"}, {"friendly_name"}),
        f"{one}/Participants": ({"identity": "bob", "attributes": "{}"}, set()),
        f"{one}/Messages": (
            {"body": "hello", "subject": "s", "attributes": "{}", "media_sid": None, "content_sid": None},
            {"body", "subject"},
        ),
        "/Users/alice": ({"friendly_name": "n", "attributes": "{}"}, {"friendly_name"}),
        f"/Users/alice{one}": ({"notification_level": "muted", "last_read_message_index": 0}, set()),
    }
    for path, (body, kept) in commands.items():
        for name in body:
            own = {"unique_name": f"number {next(_numbers)}"} if "unique_name" in body else {}
            said = json.dumps(body | own | {name: text}).encode()
            reply = await alice.ask("POST", alice.place + path, said)
            assert reply.status < 300 if name in kept and text == NAME else reply.status == 400, (path, name)


async def test_command_is_refused_whose_mutation_id_has_it(rig: Rig) -> None:
    alice = await Chatter(rig, "alice").start()
    refused = await alice.post("/Conversations", {"attributes": "{}"}, mutation_id=NAME)
    assert refused.error == (400, 20422)


async def test_device_is_refused_whose_id_has_it_and_unregistered_without_an_error(rig: Rig) -> None:
    alice = Chatter(rig, "alice")
    body = {"channel_type": "fcm", "data": {"registration_id": NAME}}
    assert (await alice.ask("POST", "/v1/registrations", body)).error == (400, 20422)
    for address in ({"binding_type": "fcm", "address": NAME}, {"binding_type": NAME, "address": "phone"}):
        assert (await alice.ask("DELETE", "/v1/registrations", address)).status == 204


async def test_typing_is_refused_in_a_conversation_that_cannot_be(rig: Rig) -> None:
    alice = Chatter(rig, "alice")
    assert (await alice.ask("POST", "/v1/typing", b"ChannelSid=a%00b")).error == (404, 50350)


async def test_media_that_cannot_be_are_not_found(rig: Rig, web: Web) -> None:
    asked = json.dumps({"command": "get", "list": [{"media_sid": NAME}]}).encode()
    credentials = rig.made.account_sid, rig.made.auth_token
    answer = await web("POST", "/mcs/v1/Services/default/MediaSet", asked, credentials=credentials)
    assert answer.json == [{"code": 404, "media_record": {"sid": NAME}}]


# Tokens, and the record of those that are refused


def _token(rig: Rig, **grants: Any) -> str:
    header = {"typ": "JWT", "alg": "HS256", "cty": "twilio-fpa;v=1"}
    now_s, key = rig.clock.now_ms() // 1000, rig.made.signing_key
    claims = {
        "jti": f"{key.key_sid}-{now_s}",
        "iss": key.key_sid,
        "sub": key.account_sid,
        "exp": now_s + 3600,
        "grants": {"identity": "alice", "data_sync": {"service_sid": "default"}, **grants},
    }
    return jws.sign(header, claims, key.secret.encode())


@pytest.mark.parametrize(
    "grants",
    [
        {"identity": NAME},
        {"data_sync": {"service_sid": "default", "endpoint_id": NAME}},
        {"chat": {"service_sid": "default", "deployment_role_sid": NAME}},
        {"chat": {"service_sid": "default", "push_credential_sid": NAME}},
    ],
)
async def test_token_with_it_is_refused_and_on_record(rig: Rig, grants: dict[str, Any]) -> None:
    reply = rig.open().init(_token(rig, **grants))
    assert reply.header["status"]["code"] == 401
    (denial,) = await rig.denials()
    assert (denial.code, denial.account_sid) == (20106, rig.made.account_sid)
    (alert,) = await rig.alerts()
    assert "U+0000 among them" in alert.text


async def test_what_is_refused_is_recorded_whatever_is_in_it(rig: Rig) -> None:
    client = rig.open()
    client.init(NAME, metadata={"sdk": NAME, "sdkv": NAME, "env": NAME, "envv": NAME, "os": NAME})
    (denial,) = await rig.denials()
    assert denial.code == 20101


@pytest.mark.settings(alert_level="notice")
async def test_rejected_request_is_recorded_whatever_is_in_it(rig: Rig, client: Client, web: Web) -> None:
    await client.request("GET", "/v3/Documents/\0", params={NAME: NAME}, headers={NAME: NAME})
    await client.request("POST", "/v3/Maps", {"ttl": NAME})
    newcomer = json.dumps({"identity": "bob", "role_sid": NAME})
    await Rest(rig, web).post("/conversations/v1/ConversationWithParticipants", {"Participant": newcomer})
    found = await rig.alerts()
    assert [alert.code for alert in found] == [20422, 54011, 50109]
    assert "named a\N{SYMBOL FOR NULL}b" in found[-1].text
