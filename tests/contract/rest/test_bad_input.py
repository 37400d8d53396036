"""Input that REST cannot take: each kind has a documented answer, and changes nothing.

The cases are those of `docs/reference/refused-requests.md`, line by line.
"""

import base64
import hashlib
import json
import re
import socket
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from tests.interop.server import Server
from tsock.installation import layout

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "refused-requests.md"
RECORDS = {"alerts", "denials", "progress"}
"""What is written about a refusal, and that something was committed."""

FORM = "application/x-www-form-urlencoded"
SERVICE = "/sync/v1/Services/default"
ACCOUNT = "/2010-04-01/Accounts/{account}"
ABSENT = "0" * 32


class Asked(NamedTuple):
    """A request; `{account}` stands for the account's SID, `{document}` for that of a document."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    signed_in: bool = True
    raw: bytes = b""
    """The whole request, where it is none that a client would write."""
    ends: bool = False
    """Whether the client says that no more will come."""


def get(path: str, *headers: tuple[str, str], **query: object) -> Asked:
    return Asked("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path, headers=headers)


def post(path: str, *headers: tuple[str, str], **form: object) -> Asked:
    return sent(path, urlencode(form, doseq=True).encode(), FORM, *headers)


def sent(path: str, body: bytes, content_type: str, *headers: tuple[str, str]) -> Asked:
    return Asked("POST", path, body, (("Content-Type", content_type), *headers))


def anonymous(*headers: tuple[str, str]) -> Asked:
    return Asked("GET", f"{SERVICE}/Documents", headers=headers, signed_in=False)


def basic(text: bytes) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(text).decode()


MULTIPART = b'--b\r\nContent-Disposition: form-data; name="FriendlyName"\r\n\r\nx\r\n'
CHAT = "/conversations/v1"
CONVERSATION = f"{CHAT}/Conversations/{{conversation}}"
PHONE = {"messaging_binding": {"address": "+15558675310", "proxy_address": "+15558675319"}}
"""Somebody who takes part in the conversation by an address."""
DOCUMENT, DOCUMENTS = f"{SERVICE}/Documents/{{document}}", f"{SERVICE}/Documents"

CASES: dict[str, Sequence[Asked]] = {
    "no HTTP, or HTTP that cannot be read": [
        Asked("", "", raw=b"hello\r\n\r\n"),
        Asked("", "", raw=b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        Asked("", "", raw=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        Asked("", "", raw=b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ],
    "a head of more than 16 KiB": [get(DOCUMENTS, ("X-Long", "x" * 17_000)), get(DOCUMENTS, x="x" * 17_000)],
    "a body of more than `http_body_bytes_max`": [sent(DOCUMENTS, b"Data=" + b"x" * 1024 * 1024, FORM)],
    "a change that a page of another site asks for through a browser": [
        post(DOCUMENTS, ("Origin", "https://evil.example")),
        post(DOCUMENTS, ("Sec-Fetch-Site", "cross-site")),
        Asked("DELETE", DOCUMENT, headers=(("Sec-Fetch-Site", "same-site"),)),
    ],
    "a body that ends before its `Content-Length`": [
        Asked("POST", DOCUMENTS, body, (("Content-Type", FORM), framing), ends=True)
        for body, framing in (
            (b"UniqueName=half", ("Content-Length", "99")),
            (b"f\r\nUniqueName=half", ("Transfer-Encoding", "chunked")),
        )
    ],
    "a `Host` that is no host, or two of them": [
        get(DOCUMENTS, ("Host", "a b")),
        get(DOCUMENTS, ("Host", "")),
        get(DOCUMENTS, ("Host", "user@localhost")),
        get(DOCUMENTS, ("Host", "localhost"), ("Host", "sync.localhost")),
    ],
    "a host without a product, for a path that several products have": [
        get("/v1/Services"),
        get("/v1/Services", ("Host", "video.twilio.com")),
        post("/v1/Services", ("Host", "synchrony.localhost"), FriendlyName="x"),
    ],
    "a path or query that is not percent-encoded UTF-8, or has U+0000": [
        get(f"{DOCUMENTS}/%ff"),
        get(f"{DOCUMENTS}/%c3"),
        get(f"{DOCUMENTS}/%zz"),
        get(f"{DOCUMENTS}/100%"),
        get(f"{DOCUMENTS}/%00"),
        get("/sync/v1/Services/default/Documents%00"),
        get(f"{DOCUMENTS}?PageSize=%00"),
        get(f"{DOCUMENTS}?PageSize=%ff"),
        get(f"{DOCUMENTS}?PageSize=%zz"),
    ],
    "a path that does not exist": [
        get("/sync/v1/Nothing"),
        get("/sync/v2/Services"),
        get("/Sync/v1/Services"),
        get("/sync/v1/Services/"),
        get("/sync//v1/Services"),
        get("/sync/v1/Services/default/Documents%01"),
        get("/sync/v1/Services/default%2FDocuments"),
        get("/iam/v1/Roles"),
        get("/video/v1/Rooms"),
        post("/v3/Documents", unique_name="x"),
    ],
    "a method that the path does not take": [
        Asked("PUT", DOCUMENT),
        Asked("PATCH", DOCUMENT, b"Data={}", (("Content-Type", FORM),)),
        Asked("DELETE", DOCUMENTS),
        Asked("DELETE", ACCOUNT + ".json"),
        post("/monitor/v1/Alerts", LogLevel="error"),
    ],
    "no credentials, or wrong or malformed ones, or an Access Token": [
        anonymous(),
        anonymous(("Authorization", "Basic")),
        anonymous(("Authorization", "Basic %%%")),
        anonymous(("Authorization", "Bearer {token}")),
        anonymous(basic(b"no colon")),
        anonymous(basic(b"\xff\xfe:\xff")),
        anonymous(basic(b"AC" + ABSENT.encode() + b":secret")),
        anonymous(("X-Twilio-Token", "{token}")),
    ],
    "a body that is no form: JSON, text, multipart, whole or truncated": [
        sent(DOCUMENTS, b'{"UniqueName":"x"}', "application/json"),
        sent(DOCUMENTS, b"UniqueName=x", "text/plain"),
        sent(DOCUMENTS, MULTIPART + b"--b--\r\n", "multipart/form-data; boundary=b"),
        sent(DOCUMENTS, MULTIPART[:30], "multipart/form-data; boundary=b"),
        sent(DOCUMENTS, MULTIPART, "multipart/form-data"),
        sent(DOCUMENTS, b"<x/>", "application/xml"),
        sent("/iam/v1/Keys", b'{"AccountSid":"x"}', "application/json"),
    ],
    "a form that is malformed: `%` without two hex digits, no `=`, no UTF-8, more than 1000 fields": [
        sent(DOCUMENTS, b"UniqueName=%zz", FORM),
        sent(DOCUMENTS, b"UniqueName=100%", FORM),
        sent(DOCUMENTS, b"UniqueName", FORM),
        sent(DOCUMENTS, b'{"UniqueName":"x"}', FORM),
        sent(DOCUMENTS, b"UniqueName=%ff", FORM),
        sent(DOCUMENTS, b"UniqueName=\xff", FORM),
        sent(DOCUMENTS, b"&".join(b"A%d=1" % number for number in range(1001)), FORM),
    ],
    "one parameter twice where one is meant, those of paging aside, or `If-Match` or `Authorization` twice": [
        sent(DOCUMENTS, b"UniqueName=a&UniqueName=b", FORM),
        sent(DOCUMENT, b"Data={}&Data={}", FORM),
        sent("/2010-04-01/Accounts.json", b"FriendlyName=a&FriendlyName=b", FORM),
        get("/monitor/v1/Alerts?LogLevel=error&LogLevel=error"),
        post(DOCUMENT, ("If-Match", "0"), ("If-Match", "1"), Data="{}"),
        get(DOCUMENTS, basic(b"x:y")),
    ],
    "a flag that is not `true` or `false`": [
        post(f"{DOCUMENT}/Permissions/alice", Read="yes", Write="true", Manage="true"),
        post("/sync/v1/Services", AclEnabled="1"),
    ],
    "a date that ISO 8601 does not have": [
        get("/monitor/v1/Alerts", StartDate="yesterday"),
        get("/monitor/v1/Alerts", EndDate="2026-13-01"),
        get("/monitor/v1/Events", StartDate="2026-01-01T00:00:61Z"),
    ],
    "a SID of another kind, as a parameter": [
        get("/monitor/v1/Events", ActorSid="me"),
        get("/iam/v1/Keys", AccountSid=f"SK{ABSENT}"),
    ],
    "a SID in a path that names nothing, or an empty part of one": [
        get("/sync/v1/Services/IS1"),
        get(f"/sync/v1/Services/IS{ABSENT}/Documents"),
        get(f"{DOCUMENTS}/ET{ABSENT}"),
        get(f"{DOCUMENTS}/ET1"),
        get(f"/2010-04-01/Accounts/AC{ABSENT}.json"),
        get("/2010-04-01/Accounts/me/Keys.json"),
        Asked("DELETE", f"{ACCOUNT}/Keys/SK{ABSENT}.json"),
        get(f"/monitor/v1/Alerts/NO{ABSENT}"),
        get("/monitor/v1/Events/AE"),
        post(f"/iam/v1/Keys/SK{ABSENT}", FriendlyName="x"),
    ],
    "`PageSize` below 1, or no number": [
        get(f"{ACCOUNT}/Keys.json", PageSize=0),
        get("/monitor/v1/Events", PageSize=-1),
        get("/monitor/v1/Alerts", PageSize="many"),
        get("/2010-04-01/Accounts.json?PageSize="),
    ],
    "a `PageToken` of another list, or altered": [
        get(f"{ACCOUNT}/Keys.json", PageToken="PT1"),
        get("/monitor/v1/Alerts", PageToken=""),
        get("/2010-04-01/Accounts.json", PageToken="\N{SNOWMAN}"),
    ],
    "of Sync, any bad `PageSize`": [get(DOCUMENTS, PageSize=size) for size in (0, -1, "many", "", 1.5)],
    "of Sync, a `PageToken` of another list, or altered": [
        get(DOCUMENTS, PageToken="PT1"),
        get(f"{SERVICE}/Lists/{{list}}/Items", PageToken="AAAA"),
        get(f"{DOCUMENT}/Permissions", PageToken="%"),
    ],
    "`Order` other than `asc` and `desc`": [get(f"{SERVICE}/Lists/{{list}}/Items", Order="up")],
    "`Bounds` other than `inclusive` and `exclusive`": [
        get(f"{SERVICE}/Lists/{{list}}/Items", Bounds="both")
    ],
    "an index that is no whole number": [
        get(f"{SERVICE}/Lists/{{list}}/Items/first"),
        get(f"{SERVICE}/Lists/{{list}}/Items/-1"),
        get(f"{SERVICE}/Lists/{{list}}/Items", From="x"),
    ],
    "`Data` that is no JSON object: malformed, an array, a plain text, half a surrogate pair, too deep": [
        post(DOCUMENTS, UniqueName="x", Data=data)
        for data in ("{", "[1]", "plain", "5", '{"a":1,}', r'{"a":"\ud800"}', '{"a":' * 8000, "", "NaN")
    ],
    "`Data` of more than `sync_data_bytes_max`": [
        post(DOCUMENT, Data=json.dumps({"a": "x" * 16_384})),
        post(f"{SERVICE}/Lists/{{list}}/Items", Data=json.dumps({"a": "x" * 100_000})),
    ],
    "a unique name that is empty, too long, has U+0000 or looks like a SID": [
        post(DOCUMENTS, UniqueName=name) for name in ("", "x" * 321, "a\0b", f"ET{ABSENT}", f"ZZ{ABSENT}")
    ],
    "a map key that is empty, too long or has U+0000": [
        post(f"{SERVICE}/Maps/{{map}}/Items", Key="", Data="{}"),
        post(f"{SERVICE}/Maps/{{map}}/Items", Key="k" * 321, Data="{}"),
        post(f"{SERVICE}/Maps/{{map}}/Items", Key="a\0b", Data="{}"),
    ],
    "a time to live that is no whole number of seconds up to a year": [
        post(DOCUMENTS, Ttl=ttl) for ttl in (-1, 31_536_001, "soon", "1.5", "9" * 400)
    ],
    "an update that changes nothing": [
        sent(DOCUMENT, b"", FORM),
        post(DOCUMENT, data="{}"),
        post(f"{SERVICE}/Maps/{{map}}", Nothing="x"),
        post(SERVICE, Nothing="x"),
    ],
    "an `If-Match` that is no revision": [
        post(DOCUMENT, ("If-Match", value), Data="{}") for value in ("W/1", "latest", "", "1 2")
    ],
    "an `If-Match` of another revision": [post(DOCUMENT, ("If-Match", "ffff"), Data="{}")],
    "an identity of more than 256 characters": [
        post(f"{DOCUMENT}/Permissions/{'x' * 257}", Read="true", Write="true", Manage="true")
    ],
    "a webhook URL that is none": [
        post("/sync/v1/Services", WebhookUrl=url)
        for url in (
            "example.com",
            "ftp://example.com",
            "http://",
            "http://\N{SNOWMAN}/",
            "https://h/" + "x" * 512,
        )
    ],
    "a friendly name of more than 255 characters, or with U+0000": [
        post("/sync/v1/Services", FriendlyName=name) for name in ("x" * 256, "a\0b")
    ],
    "no `FriendlyName` of a service or role": [
        post(f"{CHAT}/Services"),
        post(f"{CHAT}/Services", FriendlyName=""),
        post(f"{CHAT}/Roles", Type="service", Permission="joinConversation"),
    ],
    "a friendly name beyond `chat_friendly_name_chars_max`": [
        post(f"{CHAT}/Conversations", FriendlyName="x" * 257),
        post(f"{CHAT}/Users/bob", FriendlyName="x" * 257),
        post(f"{CHAT}/Roles", FriendlyName="x" * 65, Type="service", Permission="joinConversation"),
        post(f"{CHAT}/Services", FriendlyName="x" * 256),
    ],
    "a unique name beyond `chat_unique_name_chars_max`": [
        post(f"{CHAT}/Conversations", UniqueName="x" * 257)
    ],
    "a unique name that could be the SID of a conversation": [
        post(f"{CHAT}/Conversations", UniqueName=f"CH{ABSENT}")
    ],
    "a unique name, identity, author, or name of a role, service or credential, with U+0000": [
        post(f"{CHAT}/Conversations", UniqueName="a\0b"),
        post(f"{CHAT}/Users", Identity="a\0b"),
        post(f"{CONVERSATION}/Messages", Author="a\0b", Body="x"),
        post(f"{CHAT}/Roles", FriendlyName="a\0b", Type="service", Permission="joinConversation"),
        post(f"{CHAT}/Services", FriendlyName="a\0b"),
        post(f"{CHAT}/Credentials", FriendlyName="a\0b", Type="fcm"),
    ],
    "attributes of more bytes than allowed": [
        post(f"{CHAT}/Conversations", Attributes=json.dumps("x" * 16_384)),
        post(CONVERSATION, Attributes=json.dumps("x" * 16_384)),
        post(f"{CONVERSATION}/Messages", Body="x", Attributes=json.dumps("x" * 4096)),
        post(f"{CONVERSATION}/Participants", Identity="eve", Attributes=json.dumps("x" * 4096)),
        post(f"{CHAT}/Users", Identity="eve", Attributes=json.dumps("x" * 4096)),
    ],
    "attributes that are no JSON": [
        post(f"{CHAT}/Conversations", Attributes=text) for text in ("{", "plain", "[1,]", "NaN")
    ],
    "a `State` that there is none of": [
        post(f"{CHAT}/Conversations", State="asleep"),
        get(f"{CHAT}/Conversations", State=""),
    ],
    "a conversation that begins closed": [post(f"{CHAT}/Conversations", State="closed")],
    "a `Timers.Inactive` that is no duration": [
        post(CONVERSATION, **{"Timers.Inactive": text}) for text in ("soon", "10", "P", "PT1X")
    ],
    "a `Timers.Closed` of less than ten minutes": [post(CONVERSATION, **{"Timers.Closed": "PT9M"})],
    "a `DateCreated` that is none, or before 1970": [
        post(f"{CHAT}/Conversations", DateCreated=text)
        for text in ("today", "2026-13-01", "", "1969-12-31T23:59:59Z")
    ],
    "a `DateUpdated` that is none": [post(f"{CONVERSATION}/Messages", Body="x", DateUpdated="1")],
    "an `EndDate` before the `StartDate`": [
        get(f"{CHAT}/Conversations", StartDate="2031-01-02", EndDate="2031-01-01")
    ],
    "a change of a conversation that names nothing": [post(CONVERSATION, Nothing="x")],
    "a change of a participant, message or user that names nothing": [
        post(f"{CONVERSATION}/Participants/bob"),
        post(f"{CONVERSATION}/Messages/{{message}}", Nothing="x"),
        post(f"{CHAT}/Users/bob"),
        post(f"{CHAT}/Users/bob/Conversations/{{conversation}}"),
    ],
    "a participant without identity and address": [
        post(f"{CONVERSATION}/Participants"),
        post(f"{CONVERSATION}/Participants", Identity=""),
        post(f"{CHAT}/Users"),
    ],
    "a participant with identity and address": [
        post(f"{CONVERSATION}/Participants", Identity="eve", **{"MessagingBinding.Address": "+15558675310"})
    ],
    "an address that is none": [
        post(f"{CONVERSATION}/Participants", **{"MessagingBinding.Address": text})
        for text in ("555", "whatsapp:me", "+", "x" * 300)
    ],
    "another identity for a participant": [post(f"{CONVERSATION}/Participants/bob", Identity="eve")],
    "another proxy address for a participant": [
        post(f"{CONVERSATION}/Participants/{name}", **{"MessagingBinding.ProxyAddress": "+15558675311"})
        for name in ("bob", "{phone}")
    ],
    "another projected address for a participant": [
        post(f"{CONVERSATION}/Participants/{name}", **{"MessagingBinding.ProjectedAddress": "+15558675311"})
        for name in ("bob", "{phone}")
    ],
    "a role of a participant that is no conversation role of the service": [
        post(f"{CONVERSATION}/Participants", Identity="eve", RoleSid=f"RL{ABSENT}"),
        post(f"{CONVERSATION}/Participants/bob", RoleSid=f"RL{ABSENT}"),
        post(f"{CONVERSATION}/Participants/bob", RoleSid="{service_role}"),
    ],
    "a role of a user that is no service role of the service": [
        post(f"{CHAT}/Users", Identity="eve", RoleSid=f"RL{ABSENT}"),
        post(f"{CHAT}/Users/bob", RoleSid=f"RL{ABSENT}"),
        post(f"{CHAT}/Users/bob", RoleSid="{role}"),
    ],
    "a default role of a service that it does not have, or of another type": [
        post(f"{CHAT}/Services/{{chat}}/Configuration", **{name: sid})
        for name, sid in (
            ("DefaultChatServiceRoleSid", f"RL{ABSENT}"),
            ("DefaultChatServiceRoleSid", "{role}"),
            ("DefaultConversationCreatorRoleSid", f"RL{ABSENT}"),
            ("DefaultConversationCreatorRoleSid", "{service_role}"),
            ("DefaultConversationRoleSid", "{service_role}"),
        )
    ],
    "a `LastReadMessageIndex` that is no whole number from 0": [
        post(f"{CONVERSATION}/Participants/bob", LastReadMessageIndex=text) for text in ("-1", "1.5", "", "x")
    ],
    "a message without body": [post(f"{CONVERSATION}/Messages", Author="bob")],
    "a body of more than `chat_body_bytes_max`": [
        post(f"{CONVERSATION}/Messages", Body="x" * 32_769),
        post(f"{CONVERSATION}/Messages/{{message}}", Body="\N{SNOWMAN}" * 10_923),
    ],
    "a `Subject` of more than 256 characters": [
        post(f"{CONVERSATION}/Messages", Body="x", Subject="s" * 257),
        post(f"{CONVERSATION}/Messages/{{message}}", Subject="s" * 257),
    ],
    "a `ContentSid` that names no template": [
        post(f"{CONVERSATION}/Messages", ContentSid=sid) for sid in (f"HX{ABSENT}", "HX1", f"CH{ABSENT}")
    ],
    "`ContentVariables` without `ContentSid`": [
        post(f"{CONVERSATION}/Messages", Body="x", ContentVariables="{}")
    ],
    "a user called `system`": [
        post(f"{CHAT}/Users", Identity="system"),
        post(f"{CONVERSATION}/Participants", Identity="system"),
    ],
    "a `NotificationLevel` other than `default` and `muted`": [
        post(f"{CHAT}/Users/bob/Conversations/{{conversation}}", NotificationLevel="loud")
    ],
    "a permission that roles of the type do not have, or none": [
        post(f"{CHAT}/Roles", FriendlyName="x", Type="service", Permission="sendMessage"),
        post(f"{CHAT}/Roles", FriendlyName="x", Type="conversation"),
        post(f"{CHAT}/Roles/{{role}}", Permission=["sendMessage", "nonsense"]),
    ],
    "a type of role that there is none of": [
        post(f"{CHAT}/Roles", FriendlyName="x", Type="channel", Permission="sendMessage"),
        post(f"{CHAT}/Roles", FriendlyName="x", Permission="sendMessage"),
    ],
    "the end of a role that a service begins with": [Asked("DELETE", f"{CHAT}/Roles/{{role}}")],
    "more than ten of `Participant`": [
        post(f"{CHAT}/ConversationWithParticipants", Participant=['{"identity":"eve"}'] * 11)
    ],
    "a `Participant` that is no JSON of one": [
        post(f"{CHAT}/ConversationWithParticipants", Participant=text)
        for text in ("eve", "[]", '{"identity":1}')
    ],
    "a `Participant` whose address and proxy address are another one's": [
        post(f"{CHAT}/ConversationWithParticipants", Participant=['{"identity":"eve"}', json.dumps(PHONE)])
    ],
    "a look-up by `Identity` and `Address`, or by neither": [
        get(f"{CHAT}/ParticipantConversations"),
        get(f"{CHAT}/ParticipantConversations", Identity="bob", Address="+15558675310"),
    ],
    "a friendly name that is too long, or has U+0000": [
        post("/2010-04-01/Accounts.json", FriendlyName="x" * 1000),
        post(f"{ACCOUNT}/Keys.json", FriendlyName="x" * 1000),
        post(f"{ACCOUNT}/Keys.json", FriendlyName="a\0b"),
    ],
    "a status other than `active`, `suspended` and `closed`": [post("{sub}", Status="asleep")],
    "a policy that is none, or lists of a served product what is no permission": [
        post("/iam/v1/Keys", AccountSid="{account}", KeyType="restricted", Policy=policy)
        for policy in ("{", "[]", '{"allow":"x"}', '{"allow":["x"]}', json.dumps({"allow": ["/x"] * 101}), "")
    ],
    "an IAM request without `AccountSid`": [get("/iam/v1/Keys"), post("/iam/v1/Keys", FriendlyName="x")],
}
REQUESTS = [(title, number) for title, requests in CASES.items() for number in range(len(requests))]


class Bench:
    """A server with one object of each kind that the cases speak of."""

    def __init__(self, server: Server) -> None:
        self.server = server
        own = server.credentials
        self.authorization = basic(f"{own['TWILIO_ACCOUNT_SID']}:{own['TWILIO_AUTH_TOKEN']}".encode())
        self.names = {"account": own["TWILIO_ACCOUNT_SID"], "token": server.token()}
        for kind in ("document", "list", "map"):
            made = self.json(post(f"{SERVICE}/{kind.title()}s", UniqueName="of the cases"))
            self.names[kind] = made["sid"]
        self.names["conversation"] = self.json(post(f"{CHAT}/Conversations"))["sid"]
        self.json(post(f"{CONVERSATION}/Participants", Identity="bob"))
        address, proxy_address = PHONE["messaging_binding"].values()
        by_address = {"MessagingBinding.Address": address, "MessagingBinding.ProxyAddress": proxy_address}
        self.names["phone"] = self.json(post(f"{CONVERSATION}/Participants", **by_address))["sid"]
        self.names["message"] = self.json(post(f"{CONVERSATION}/Messages", Body="x"))["sid"]
        self.names["chat"] = own["TWILIO_CHAT_SERVICE_SID"]
        self.names["role"], self.names["service_role"] = map(self._role, ("conversation", "service"))
        sub = self.json(post("/2010-04-01/Accounts.json", FriendlyName="of the cases"))
        self.names["sub"] = f"/2010-04-01/Accounts/{sub['sid']}.json"

    def _role(self, kind: str) -> str:
        """SID of a role of this type."""
        status, _, body = self.ask(get(f"{CHAT}/Roles"))
        assert status == 200, body
        roles = json.loads(body)["roles"]
        return next(role["sid"] for role in roles if role["type"] == kind)

    def json(self, asked: Asked) -> dict[str, str]:
        status, _, body = self.ask(asked)
        assert status in (200, 201), body
        return json.loads(body)

    def ask(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; status 0 when the server answered nothing."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as sock:
            try:
                sock.sendall(asked.raw or self._written(asked))
                if asked.ends:
                    sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was refused before all of it was sent
            received = _all_of(sock)
        head, _, body = received.partition(b"\r\n\r\n")
        if not head:
            return 0, {}, b""
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)
        }
        return int(line.split(" ")[1]), headers, body

    def _written(self, asked: Asked) -> bytes:
        headers = [(name, self._named(value)) for name, value in asked.headers]
        if not any(name == "Host" for name, _ in headers):
            headers.insert(0, ("Host", f"127.0.0.1:{self.server.port}"))
        if asked.signed_in:
            headers.append(self.authorization)
        body = self._named(asked.body.decode("latin-1"), percent=True).encode("latin-1")
        given = {name for name, _ in headers}
        if not given & {"Content-Length", "Transfer-Encoding"}:
            headers.append(("Content-Length", str(len(body))))
        lines = "".join(f"{name}: {value}\r\n" for name, value in (*headers, ("Connection", "close")))
        return f"{asked.method} {self._named(asked.path)} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body

    def _named(self, text: str, *, percent: bool = False) -> str:
        for name, value in self.names.items():
            text = text.replace(f"%7B{name}%7D" if percent else f"{{{name}}}", value)
        return text

    def content(self) -> dict[str, tuple[int, str]]:
        """Everything stored but what a refusal writes itself: rows and their digest, by table."""
        found: dict[str, tuple[int, str]] = {}
        database = sqlite3.connect(f"file:{self.server.data / layout.DATABASE}?mode=ro", uri=True)
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table not in RECORDS:
                rows = sorted(map(repr, database.execute(f"SELECT * FROM {table}").fetchall()))
                found[table] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
        database.close()
        return found


def _all_of(sock: socket.socket) -> bytes:
    received = b""
    try:
        while piece := sock.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return received


@pytest.fixture(scope="module")
def bench(server: Server) -> Bench:
    return Bench(server)


def documented() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| (.+?) \| (\d+|none) \| (\d+|none) \|$", PAGE.read_text(), re.MULTILINE)
    return {title: (status, code) for title, status, code in rows}


def test_every_documented_case_is_tried_and_every_tried_case_documented() -> None:
    assert set(documented()) == set(CASES)


@pytest.mark.parametrize(("title", "number"), REQUESTS)
def test_bad_input_gets_its_documented_answer_and_changes_nothing(
    bench: Bench, title: str, number: int
) -> None:
    before = bench.content()
    status, headers, body = bench.ask(CASES[title][number])

    expected = documented()[title]
    if expected == ("none", "none"):
        assert status == 0
    else:
        assert headers["content-type"] == "application/json", body
        problem = json.loads(body)
        assert (str(status), str(problem["code"])) == expected, problem
        assert problem["status"] == status
        assert problem.keys() == {"code", "message", "more_info", "status"}
        assert problem["more_info"].endswith(f"/errors/{problem['code']}")
        assert len(problem["message"]) < 500
        assert problem["message"].isprintable()
        assert ("www-authenticate" in headers) == (status == 401)
    assert bench.content() == before


NAMES = [
    "\x01",
    "a\nb",
    "\x1b[31m",
    "\u202ereversed",
    "\N{SNOWMAN}\N{VARIATION SELECTOR-16}",
    "e\u0301",
    "\uffff",
    "\U0010ffff",
    " ",
    ".",
    "..",
    "%41",
    "a/b",
    "a+b",
    "a?b#c",
    "'; DROP TABLE x",
    "\x7f",
    "x" * 320,
]


@pytest.mark.parametrize("name", NAMES)
def test_unicode_and_control_characters_come_back_as_they_were_sent(bench: Bench, name: str) -> None:
    data = json.dumps({"text": f"{name}\0", "n": 1e300})
    made = bench.json(post(f"{SERVICE}/Maps/{{map}}/Items", Key=name, Data=data))
    assert (made["key"], made["data"]) == (name, json.loads(data))
    path = made["url"].partition(f":{bench.server.port}")[2]
    assert path.isascii()
    assert bench.json(get(path))["key"] == name
    assert bench.ask(Asked("DELETE", path))[0] == 204
    assert bench.ask(get(path))[0] == 404
