"""A subscriber that keeps its objects in step over as many connections as it takes."""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tests.simulation.client import PATIENCE_S, Connection, Lost, Told, connected
from tests.simulation.views import Broken, View
from tsock.accounts.caller import SYNC
from tsock.wire.headers import Reply

_correlation_ids = itertools.count(1)


def establish(*entries: tuple[str, str, int], correlation_id: int = 0) -> dict[str, Any]:
    """The body that asks for objects, each by SID, kind and last known event."""
    return {
        "event_protocol_version": 4,
        "action": "establish",
        "correlation_id": correlation_id,
        "requests": [
            {"object_sid": sid, "object_type": kind, "last_event_id": last_event_id}
            for sid, kind, last_event_id in entries
        ],
    }


async def subscribe(connection: Connection, sid: str, kind: str) -> None:
    """Establish one object on a connection, passing over what it missed."""
    await connection.send("POST", "/v4/Subscriptions", establish((sid, kind, -1)))
    async for told in connection:
        event_type = msgspec.json.decode(told.payload)["event_type"]
        if event_type == "subscription_established":
            return
        assert event_type != "subscription_failed", told


class Follower:
    """Follows objects, each seen through a view."""

    def __init__(self, uri: str, token: str, views: Iterable[View], *, product: str = SYNC) -> None:
        self.product = product
        self.uri = uri
        self.token = token
        self.views = {view.sid: view for view in views}
        self._changed = asyncio.Event()

    @property
    def live(self) -> bool:
        """Whether every object is established."""
        return all(view.live for view in self.views.values())

    async def follow(self) -> None:
        """Connect, establish from the last event of each object, and listen until the connection is lost."""
        try:
            async with connected(self.uri, self.token, product=self.product) as connection:
                pending = await self._establish(connection, self.views.values())
                async for told in connection:
                    again = self._hear(told, pending)
                    if again:
                        pending = await self._establish(connection, again)
                    self._changed.set()
        except Lost:
            pass
        finally:
            for view in self.views.values():
                view.lost()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for what the events that come bring about."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            views = " ".join(map(str, self.views.values()))
            raise AssertionError(f"still waiting: {what}; {views}") from None

    async def _establish(self, connection: Connection, views: Iterable[View]) -> int:
        """Ask for what was missed; the correlation id of the answers. The reply says if any will come."""
        correlation_id = next(_correlation_ids)
        entries = [(view.sid, view.kind, view.last_event_id) for view in views]
        for view in views:
            view.begin()
        body = establish(*entries, correlation_id=correlation_id)
        reply = await connection.send("POST", "/v4/Subscriptions", body)
        # The store may be away, and nothing will come: then all begins anew, with the next connection.
        reply.add_done_callback(lambda reply: connection.abort() if _is_refused(reply) else None)
        return correlation_id

    def _hear(self, told: Told, pending: int) -> list[View]:
        """Take in a notification; the objects whose replay was interrupted, to be established again."""
        payload = msgspec.json.decode(told.payload)
        event_type = payload["event_type"]
        if event_type.startswith("subscription_"):
            if event_type != "subscription_established" or payload["correlation_id"] != pending:
                raise Broken(f"expected to be established in {pending}: {payload}")
            return [view for entry in payload["events"] if (view := self._established(entry))]
        event = payload["event"]
        view = self.views[event.get("document_sid") or event.get("list_sid") or event["map_sid"]]
        if told.message_type != "twilio.sync.event":
            view.heard(event_type, event)
        elif payload["correlation_id"] == pending:
            view.replayed(event_type, event)
        return []

    def _established(self, entry: dict[str, Any]) -> View | None:
        view = self.views[entry["object_sid"]]
        completed = entry["replay_status"] == "completed"
        view.established(entry["last_event_id"], completed=completed)
        return None if completed else view


def _is_refused(reply: "asyncio.Future[tuple[Reply, bytes]]") -> bool:
    if reply.cancelled() or reply.exception() is not None:
        return False
    status = reply.result()[0].http_status
    return status is not None and status.code == 503
