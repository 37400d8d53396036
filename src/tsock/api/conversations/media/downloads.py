"""Downloads: the bytes of media, whole or in part, as they were uploaded.

Whoever uploads chooses name and type, and the bytes come from this server's own origin: so nothing in them
may run there. Browsers show what is known to be harmless, and save the rest.
"""

import re
from urllib.parse import quote

from tsock.api.conversations.media.scope import MediaScope, route
from tsock.api.conversations.media.tickets import Tickets
from tsock.api.request import Answer, Door, Read, Request, Response, Streamed
from tsock.api.router import Route
from tsock.clock import Clock
from tsock.conversations import media, refusals
from tsock.conversations.media import Record
from tsock.errors import ApiError
from tsock.storage.blobs import Blobs
from tsock.storage.store import Tx

SHOWN = frozenset(
    (
        *(f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp")),
        *(f"audio/{kind}" for kind in ("mpeg", "mp4", "aac", "ogg", "wav", "webm", "flac")),
        *(f"video/{kind}" for kind in ("mp4", "webm", "ogg", "quicktime")),
        "text/plain",
    )
)
"""Types that a browser may show in its window; whatever it could run is not among them."""

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")
_UNSAFE_IN_NAME = re.compile(r'[^\x20-\x7e]|["\\%]')


class DownloadHandlers:
    """Serves content by a temporary URL, or to whoever may see the record."""

    def __init__(self, scope: MediaScope, tickets: Tickets, blobs: Blobs, clock: Clock) -> None:
        self._scope = scope
        self._tickets = tickets
        self._blobs = blobs
        self._clock = clock

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "GET", "/media/{ticket}", self.by_ticket, cross_origin=True),
            route("GET", "/Media/{media}/Content", self.content, "media/read"),
        ]

    def by_ticket(self, request: Request, ticket: str) -> Answer:
        """The content of the media that the ticket is for."""
        sid, left_ms = self._tickets.admitted(ticket, self._clock.now_ms())
        keeping = f"private, max-age={left_ms // 1000}"

        def query(tx: Tx) -> Record:
            record = media.find(tx, sid)
            if record is None or not self._scope.stands(record.service_sid):
                raise refusals.media_not_found(sid)
            return record

        return Read(query, lambda record: self._served(request, record, keeping))

    def content(self, request: Request, service: str, sid: str) -> Answer:
        """The content, for whom the record is."""
        actor = self._scope.actor(request, service)
        return Read(
            lambda tx: media.fetch(tx, actor, sid), lambda record: self._served(request, record, "no-store")
        )

    def _served(self, request: Request, record: Record, keeping: str) -> Response | Streamed:
        tag = f'"{record.sid}"'
        headers = {
            "etag": tag,
            "cache-control": keeping,
            "accept-ranges": "bytes",
            "content-disposition": disposition(record.content_type, record.filename),
            "content-security-policy": "sandbox; default-src 'none'",
            "cross-origin-resource-policy": "cross-origin",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
        if _is_known(request, tag):
            return Response(304, headers=headers)
        start, stop, status = 0, record.size, 200
        part = _part(request, tag, record.size)
        if part is not None:
            (start, stop), status = part, 206
            headers["content-range"] = f"bytes {start}-{stop - 1}/{record.size}"
        chunks = self._blobs.read(record.blob, start, stop)
        return Streamed(status, chunks, record.content_type, stop - start, headers)


def disposition(content_type: str, filename: str | None) -> str:
    """Whether a browser shows it, and the name that it is saved by (RFC 6266)."""
    shown = content_type.partition(";")[0].strip().lower() in SHOWN
    text = "inline" if shown else "attachment"
    if filename is None:
        return text
    plain = _UNSAFE_IN_NAME.sub("_", filename)
    text += f'; filename="{plain}"'
    return text if plain == filename else f"{text}; filename*=UTF-8''{quote(filename, safe='')}"


def _is_known(request: Request, tag: str) -> bool:
    """Whether the client has it already; it never changes."""
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(","))


def _part(request: Request, tag: str, size: int) -> tuple[int, int] | None:
    """Beginning and end of the part that is asked for; None for the whole, as for several parts.

    Raises:
        ApiError: 416/20422, it has no such part.
    """
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or request.headers.get("if-range", tag).strip() != tag:
        return None
    first, last, suffix = (None if text is None else int(text) for text in found.groups())
    if suffix is not None:
        start, stop = max(0, size - suffix), size
    else:
        assert first is not None
        start, stop = first, size if last is None else min(last + 1, size)
        if last is not None and last < first:
            return None
    if start >= stop:
        raise ApiError(
            416,
            20422,
            f"Range Not Satisfiable: the file has {size} bytes",
            {"content-range": f"bytes */{size}"},
        )
    return start, stop
