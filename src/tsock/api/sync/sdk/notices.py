"""What subscribers are sent (`protocol/sync.md`, Notifications): each payload, and the frame that carries it.

Live events and replays use the singular `event`, one change each; subscription messages use `events`, but
for clients of protocol version 3, which read nothing else than `event`.
"""

from collections.abc import Callable, Sequence

import msgspec

from tsock.errors import ApiError
from tsock.events import Event
from tsock.sync.kinds import SYNC_EVENT
from tsock.wire import packets
from tsock.wire.websocket import binary_frame

OLD_PROTOCOL = 3


class SubscriptionEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One object in a subscription message."""

    object_sid: str
    object_type: str
    replay_status: str | None = None
    last_event_id: int | msgspec.UnsetType | None = msgspec.UNSET
    error: "Failure | None" = None


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why an object could not be subscribed to; 404 makes clients take it for removed."""

    status: int
    code: int
    message: str


def failure(error: ApiError) -> Failure:
    """An error as a subscription message shows it."""
    return Failure(error.status, error.code, error.message)


class Notices:
    """Makes frames; each gets the next packet id."""

    def __init__(self, packet_id: Callable[[], str]) -> None:
        self._packet_id = packet_id

    def live(self, event: Event) -> bytes:
        """The frame of a live event, shared by all its subscribers."""
        payload = b'{"event_type":"%b","event_protocol_version":4,"event":%b}' % (
            event.kind.encode(),
            event.body,
        )
        return self._frame(event.message_type, payload)

    def replayed(self, event: Event, correlation_id: int) -> bytes:
        """The frame of an event that a subscriber missed."""
        payload = b'{"event_type":"%b","correlation_id":%d,"event_protocol_version":4,"event":%b}' % (
            event.kind.encode(),
            correlation_id,
            event.body,
        )
        return self._frame(SYNC_EVENT, payload)

    def subscription(
        self, outcome: str, correlation_id: int, entries: Sequence[SubscriptionEntry], version: int
    ) -> list[bytes]:
        """The frames that tell the outcome (`established`, `failed`, `canceled`) for some objects."""
        groups = [[entry] for entry in entries] if version == OLD_PROTOCOL else [entries] if entries else []
        frames: list[bytes] = []
        for group in groups:
            objects = msgspec.json.encode(group)
            member, value = ("event", objects[1:-1]) if version == OLD_PROTOCOL else ("events", objects)
            payload = (
                b'{"event_type":"subscription_%b","correlation_id":%d,"event_protocol_version":%d,"%b":%b}'
                % (
                    outcome.encode(),
                    correlation_id,
                    version,
                    member.encode(),
                    value,
                )
            )
            frames.append(self._frame(SYNC_EVENT, payload))
        return frames

    def _frame(self, message_type: str, payload: bytes) -> bytes:
        return binary_frame(packets.notification(self._packet_id(), message_type, payload))
