"""A bare Twilsock client: the client API request by request, and notifications as they come."""

from concurrent.futures import Future
from typing import Any, NamedTuple

from tests.interop.sdk import PATIENCE_S, SdkError, SdkObject

HOST = "https://cds.us1.twilio.com"


class Reply(NamedTuple):
    """What answered a request; headers only where it succeeded."""

    status: int
    body: Any
    headers: dict[str, Any]

    @property
    def error(self) -> tuple[int, int]:
        """Status and code of a refusal; the body repeats the status."""
        assert self.status >= 400, self
        assert self.body["status"] == self.status
        return self.status, self.body["code"]

    def ok(self, status: int = 200) -> Any:
        """The body of a reply that must have this status."""
        assert self.status == status, self
        return self.body


class Bare:
    """Requests by path or URL, and subscriptions, over one connection."""

    def __init__(self, client: SdkObject) -> None:
        self.client = client
        self._correlation_id = 0

    def get(self, path: str, **headers: Any) -> Reply:
        return self.request("get", path, _named(headers))

    def post(self, path: str, body: Any, **headers: Any) -> Reply:
        return self.request("post", path, _named(headers), body)

    def put(self, path: str, body: Any, **headers: Any) -> Reply:
        return self.request("put", path, _named(headers), body)

    def delete(self, path: str, **headers: Any) -> Reply:
        """The SDK sends its product id in place of a body."""
        return self.request("delete", path, _named(headers), "data_sync")

    def request(self, method: str, path: str, *args: Any) -> Reply:
        return self.reply(self.start(method, path, *args))

    def start(self, method: str, path: str, *args: Any) -> Future[Any]:
        """Send a request without waiting; `args` are headers, body and grant."""
        url = path if path.startswith("http") else HOST + path
        return getattr(self.client, method).start(url, *(args or ({},)))

    def reply(self, outcome: Future[Any]) -> Reply:
        try:
            answer = outcome.result(PATIENCE_S)
        except SdkError as error:
            if error.status is None:
                raise
            return Reply(error.status, error.body, {})
        return Reply(answer["status"]["code"], answer.get("body"), answer["headers"])

    def establish(self, *entries: tuple[str, str, int | None], version: int = 4) -> int:
        """Subscribe to (SID, type, last event id) each; the correlation id."""
        requests = [{"object_sid": s, "object_type": t, "last_event_id": i} for s, t, i in entries]
        return self._subscriptions("establish", requests, version)

    def cancel(self, *entries: tuple[str, str]) -> int:
        return self._subscriptions("cancel", [{"object_sid": s, "object_type": t} for s, t in entries], 4)

    def notification(self) -> tuple[str, dict[str, Any]]:
        """Message type and payload of the next notification."""
        message_type, payload = self.client.next("message")
        return message_type, payload

    def event(self) -> dict[str, Any]:
        """The next notification, which must be an event of an object; with its type."""
        _, payload = self.notification()
        assert "event" in payload, payload
        return {"type": payload["event_type"], **payload["event"]}

    def outcomes(self) -> dict[str, Any]:
        """The next notification, which must be about subscriptions: its entries by SID."""
        _, payload = self.notification()
        assert payload["event_type"].startswith("subscription_"), payload
        return {entry["object_sid"]: entry for entry in payload["events"]}

    def follow(self, sid: str, kind: str, last_event_id: int | None = None) -> dict[str, Any]:
        """Subscribe to one object that has nothing to replay; the confirmation."""
        self.establish((sid, kind, last_event_id))
        return self.outcomes()[sid]

    def _subscriptions(self, action: str, requests: list[dict[str, Any]], version: int) -> int:
        self._correlation_id += 1
        body = {"event_protocol_version": version, "action": action, "correlation_id": self._correlation_id}
        self.post("/v4/Subscriptions", {**body, "requests": requests}).ok()
        return self._correlation_id


def _named(headers: dict[str, Any]) -> dict[str, Any]:
    """Headers by keyword: `if_match` is `If-Match`."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}
