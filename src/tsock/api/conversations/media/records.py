"""Records of media, as they are shown and asked for: one, or many at once."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from tsock.api.conversations.media.scope import MediaScope, route
from tsock.api.conversations.media.tickets import Tickets
from tsock.api.request import Answer, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.conversations import media
from tsock.conversations.actor import ChatActor
from tsock.conversations.media import Record
from tsock.errors import ApiError, invalid
from tsock.misread import UNREADABLE, found_instead
from tsock.storage.store import Tx

ASKED_MAX = 100
"""Records that one request may ask for."""


class Asked(msgspec.Struct, frozen=True):
    """One of the records that are asked for."""

    media_sid: str


class Command(msgspec.Struct, frozen=True):
    """The body of a request for many records."""

    command: Literal["get"]
    list: Sequence[Asked]


class Records:
    """Shows records, each with a temporary URL of its content."""

    def __init__(self, tickets: Tickets, public_url: str | None) -> None:
        """With `public_url`, clients reach this server by it, whatever a request says."""
        self._tickets = tickets
        self._public_url = public_url

    def shown(self, request: Request, record: Record, now_ms: int) -> dict[str, Any]:
        """A record; the URLs that need credentials are relative, as clients have them from the service."""
        url = f"/v1/Services/{record.service_sid}/Media/{record.sid}"
        ticket = self._tickets.issue(record.sid, now_ms)
        return {
            "sid": record.sid,
            "service_sid": record.service_sid,
            "channel_sid": record.conversation_sid,
            "message_sid": record.message_sid,
            "date_created": iso_ms(record.created_ms),
            "date_updated": iso_ms(record.updated_ms),
            "date_upload_updated": iso_ms(record.created_ms),
            "size": record.size,
            "content_type": record.content_type,
            "filename": record.filename,
            "category": record.category,
            "author": record.author,
            "is_multipart_upstream": False,
            "url": url,
            "links": {
                "content": f"{url}/Content",
                "content_direct_temporary": f"{self._public_url or request.origin}/media/{ticket}",
            },
        }


class RecordHandlers:
    """Asks for records by their SIDs."""

    def __init__(self, scope: MediaScope, records: Records) -> None:
        self._scope = scope
        self._records = records

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            route("GET", "/Media/{media}", self.fetch, "media/read"),
            route("POST", "/MediaSet", self.fetch_many, "media/read"),
        ]

    def fetch(self, request: Request, service: str, sid: str) -> Answer:
        """One record."""
        actor = self._scope.actor(request, service)

        def query(tx: Tx) -> Response:
            return answer(self._records.shown(request, media.fetch(tx, actor, sid), tx.now_ms))

        return Read(query)

    def fetch_many(self, request: Request, service: str) -> Answer:
        """Records in the order asked for; what there is none of has a code of its own."""
        actor = self._scope.actor(request, service)
        try:
            asked = _decode(request.body).list
        except UNREADABLE as error:
            raise invalid(
                'expected {"command": "get", "list": [{"media_sid": "ME…"}]}, found '
                f"{found_instead(request.body, error)}"
            ) from None
        if len(asked) > ASKED_MAX:
            raise invalid(f"expected at most {ASKED_MAX} media, {len(asked)} were asked for")

        def query(tx: Tx) -> Response:
            return answer([self._entry(tx, request, actor, one.media_sid) for one in asked])

        return Read(query)

    def _entry(self, tx: Tx, request: Request, actor: ChatActor, sid: str) -> dict[str, Any]:
        try:
            record = media.fetch(tx, actor, sid)
        except ApiError as error:
            return {"code": error.status, "media_record": {"sid": sid}}
        return {"code": 200, "media_record": self._records.shown(request, record, tx.now_ms)}


_decode = msgspec.json.Decoder(Command).decode
