"""A caller of the REST API that knows how an object of each kind is made."""

import itertools
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from tests.contract.rest import chat
from tests.contract.rest.operations import Operation
from tests.interop.server import Server, until

Form = dict[str, str]
FORM = {"content-type": "application/x-www-form-urlencoded"}
_numbers = itertools.count()

DATA = json.dumps({"text": "grüße & more", "n": 1})
SERVICE = {
    "FriendlyName": "a service",
    "WebhookUrl": "https://example.com/hook?a=1",
    "ReachabilityWebhooksEnabled": "true",
    "AclEnabled": "true",
    "ReachabilityDebouncingEnabled": "true",
    "ReachabilityDebouncingWindow": "7000",
    "WebhooksFromRestEnabled": "true",
}
UPDATES: dict[str, Form] = {
    "Accounts": {"FriendlyName": "another name", "Status": "active"},
    "Keys": {"FriendlyName": "another name"},
    "SigningKeys": {"FriendlyName": "another name"},
    "Services": {**SERVICE, "FriendlyName": "another name"},
    "Documents": {"Data": DATA, "Ttl": "600"},
    "Lists": {"CollectionTtl": "600"},
    "Maps": {"CollectionTtl": "600"},
    "Streams": {"Ttl": "600"},
    "Items": {"Data": DATA, "ItemTtl": "600", "CollectionTtl": "900"},
    "Permissions": {"Read": "true", "Write": "false", "Manage": "true"},
}
"""By kind, the form that changes one."""


class Rest:
    """Calls the API with the Auth Token of the ready-made account."""

    def __init__(self, server: Server) -> None:
        self.account_sid = server.credentials["TWILIO_ACCOUNT_SID"]
        self.url = server.url
        self._server = server
        self.credentials = (self.account_sid, server.credentials["TWILIO_AUTH_TOKEN"])
        self.client = httpx2.Client(base_url=self.url, auth=self.credentials)

    def stand_ins(self, operation: Operation) -> dict[str, str]:
        """By placeholder, what names an object made for it; what is to be listed is not empty."""
        suffix = ".json" if operation.path.endswith(".json") else ""
        path, collection, found = f"/{operation.product}", "", dict[str, str]()
        for segment in operation.path.removesuffix(suffix).removeprefix("/").split("/"):
            name = segment.strip("{}")
            if name == segment:
                collection = name
                path += f"/{name}"
            else:
                found[name] = (
                    self.account_sid if name == "AccountSid" else self._made(path, suffix, collection)
                )
                path += f"/{quote(found[name], safe='')}"
        if operation.method == "GET" and not operation.on_instance:
            self._made(path, suffix, collection)
        return found

    def path_of(self, operation: Operation) -> str:
        """A path of the operation, about objects made for it."""
        found = self.stand_ins(operation)
        names = {name: quote(text, safe="") for name, text in found.items()}
        return f"/{operation.product}{operation.path.format_map(names)}"

    def parameters(self, operation: Operation, path: str) -> Form:
        """A value for each parameter of the form, or for those of the query that are demanded."""
        if operation.product == "conversations":
            return self._of_chat(operation, path)
        if operation.method == "POST":
            return UPDATES[operation.collection] if operation.on_instance else self.creation(path)
        return {"AccountSid": self.account_sid} if "AccountSid" in operation.parameters else {}

    def call(self, operation: Operation, path: str, pairs: Sequence[tuple[str, str]] = ()) -> httpx2.Response:
        """Carry out the operation with these parameters; without any, with all that it takes."""
        query = urlencode(pairs or list(self.parameters(operation, path).items()))
        if operation.method == "POST":
            return self.client.post(path, content=query, headers=FORM)
        return self.client.request(operation.method, f"{path}?{query}" if query else path)

    def creation(self, path: str) -> Form:
        """The form that makes an object in a collection, unlike any other of its kind."""
        name = f"number {next(_numbers)}"
        segments = path.removesuffix(".json").split("/")
        collection = segments[-1]
        if path.startswith("/conversations/"):
            return chat.creation(path)
        if path.startswith("/iam/"):
            policy = json.dumps({"allow": ["/twilio/sync/documents/read"]})
            return {
                "AccountSid": self.account_sid,
                "FriendlyName": name,
                "KeyType": "restricted",
                "Policy": policy,
            }
        if collection == "Items" and "Maps" in segments:
            return {"Key": name, **UPDATES["Items"]}
        named = {"UniqueName": name}
        return {
            "Accounts": {"FriendlyName": name},
            "Keys": {"FriendlyName": name},
            "SigningKeys": {"FriendlyName": name},
            "Services": {**SERVICE, "FriendlyName": name},
            "Documents": {**named, **UPDATES["Documents"]},
            "Lists": {**named, **UPDATES["Lists"]},
            "Maps": {**named, **UPDATES["Maps"]},
            "Streams": {**named, **UPDATES["Streams"]},
            "Items": UPDATES["Items"],
            "Messages": {"Data": DATA},
        }[collection]

    def _of_chat(self, operation: Operation, path: str) -> Form:
        if operation.collection == "ParticipantConversations":
            return {"Identity": "alice"}
        if operation.method != "POST":
            return {}
        service = path.partition("/Conversations")[0].partition("/Users")[0].partition("/Configuration")[0]
        many = path.rpartition("/")[0]
        form = dict(chat.UPDATES[chat.kind(many)] if operation.on_instance else chat.creation(path))
        if operation.collection == "Configuration" and not service.endswith("/v1"):
            form["DefaultChatServiceRoleSid"] = self._role(service, "service")
            form["DefaultConversationRoleSid"] = self._role(service, "conversation")
            form["DefaultConversationCreatorRoleSid"] = form["DefaultConversationRoleSid"]
        if "RoleSid" in operation.parameters:
            kind = "service" if operation.collection == "Users" else "conversation"
            form["RoleSid"] = self._role(service, kind)
        if "ContentSid" in operation.parameters:
            form |= {"ContentSid": self._template(), "ContentVariables": json.dumps({"1": "you"})}
        return form

    def _template(self) -> str:
        path = f"accounts/{self.account_sid}/templates"
        made: dict[str, str] = self._server.operator("POST", path, chat.TEMPLATE)
        return made["sid"]

    def _role(self, service: str, kind: str) -> str:
        roles = self._json(self.client.get(f"{service}/Roles"))["roles"]
        return next(role["sid"] for role in roles if role["type"] == kind)

    def _in_chat(self, path: str, collection: str) -> str:
        """What names an object of Conversations; empty where nothing has to be made."""
        if collection in chat.SINGLE:
            return ""
        if collection == "Receipts":
            return self._receipt(path)
        if chat.kind(path) != "UserConversations":
            made: dict[str, str] = self._json(self.client.post(path, data=chat.creation(path)))
            return made["sid"]
        user = path.rpartition("/")[0]
        conversations = f"{user.rpartition('/Users')[0]}/Conversations"
        sid: str = self._json(self.client.post(conversations))["sid"]
        identity = self._json(self.client.get(user))["identity"]
        self._json(self.client.post(f"{conversations}/{sid}/Participants", data={"Identity": identity}))
        return sid

    def _receipt(self, path: str) -> str:
        """SID of one, which only an operator makes; of a message that has somebody outside to go to."""
        conversation, _, message = path.removesuffix("/Receipts").partition("/Messages/")
        found = self._json(self.client.get(f"{conversation}/Messages/{message}"))
        address = {"MessagingBinding.Address": f"+1555{next(_numbers):07}"}
        outside = self._json(self.client.post(f"{conversation}/Participants", data=address))
        body = {
            "conversation": found["conversation_sid"],
            "message": found["sid"],
            "participant": outside["sid"],
            "status": "delivered",
        }
        made: dict[str, str] = self._server.operator("POST", f"accounts/{self.account_sid}/receipts", body)
        return made["sid"]

    def _made(self, path: str, suffix: str, collection: str) -> str:
        """What names an object of the collection in a path."""
        if path.startswith("/conversations/"):
            return self._in_chat(path, collection)
        if collection == "Permissions":
            self._json(self.client.post(f"{path}/alice%20smith", data=UPDATES[collection]))
            return "alice smith"
        if collection == "Alerts":
            assert self.client.post("/sync/v1/Services/default/Documents", data={"Data": "["}).is_error
        if collection in ("Alerts", "Events"):
            return until(lambda: self._json(self.client.get(path))[collection.lower()], collection)[0]["sid"]
        made = self._json(self.client.post(path + suffix, data=self.creation(path)))
        return str(next(made[name] for name in ("key", "index", "sid") if name in made))

    def _json(self, response: httpx2.Response) -> Any:
        assert response.is_success, response.text
        return response.json()
