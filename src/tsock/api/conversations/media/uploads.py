"""Uploads: the body of a request is the file, or a form with the file in it."""

import re
from collections.abc import AsyncGenerator
from functools import partial
from typing import get_args

from msgspec.structs import replace

from tsock.api.conversations.loose_blobs import LooseBlobs
from tsock.api.conversations.media.form import FRAMING_BYTES_MAX, file_of, is_form
from tsock.api.conversations.media.records import Records
from tsock.api.conversations.media.scope import MediaScope, route
from tsock.api.request import Answer, Ask, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.conversations import media
from tsock.conversations.actor import ChatActor
from tsock.conversations.media import Upload
from tsock.conversations.models import Category
from tsock.errors import ApiError, invalid
from tsock.in_flight import InFlight
from tsock.settings import Settings
from tsock.storage.store import Tx

HOUR_MS = 3_600_000
NAME_CHARS_MAX = 255
TYPE_CHARS_MAX = 255
UNKNOWN_TYPE = "application/octet-stream"

_CATEGORIES: tuple[Category, ...] = get_args(Category)
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,127}"
_is_type = re.compile(rf"{_WORD}/{_WORD}(\s*;[\x20-\x7e]*)?").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class UploadHandlers:
    """Stores the bytes as they come, then their record."""

    def __init__(self, scope: MediaScope, records: Records, blobs: LooseBlobs, settings: Settings) -> None:
        self._scope = scope
        self._records = records
        self._blobs = blobs
        self._bytes_max = settings.media_bytes_max
        self._kept_ms = int(settings.media_unclaimed_h * HOUR_MS)
        most = settings.media_uploads_in_flight_max
        self._in_flight = InFlight(
            most,
            lambda: ApiError(
                429,
                20429,
                f"Too Many Requests: {most} uploads of this user are under way (media_uploads_in_flight_max)",
            ),
        )
        """By service and identity."""

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        upload = route("POST", "/Media", self.upload, "media/create")
        return [replace(upload, upload="media_bytes_max", framing_bytes_max=FRAMING_BYTES_MAX)]

    def upload(self, request: Request, service: str) -> Answer:
        """Store a file, and answer with its record."""
        actor = self._scope.actor(request, service)
        category = _category(request.params.get("Category", "media"))

        async def receive() -> Upload:
            if not actor.is_bound:
                return await self._receive(request, category)
            with self._in_flight.one((actor.service_sid, actor.identity)):
                return await self._receive(request, category)

        return Ask(receive, partial(self._recorded, request=request, actor=actor))

    async def _receive(self, request: Request, category: Category) -> Upload:
        assert request.upload is not None
        content_type = request.headers.get("content-type", "")
        if is_form(content_type):
            name, its_type, pieces = await file_of(content_type, request.upload)
        else:
            name, its_type, pieces = request.params.get("Filename"), content_type, request.upload
        name, its_type = _filename(name), _content_type(its_type)
        blob, size = await self._blobs.put(self._bounded(pieces), self._kept_ms)
        return Upload(blob, category, name, its_type, size)

    async def _bounded(self, pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The bytes of a file, as long as it is not too large."""
        size = 0
        async for piece in pieces:
            size += len(piece)
            if size > self._bytes_max:
                raise ApiError(
                    413, 20413, f"A file must have at most {self._bytes_max} bytes (media_bytes_max)"
                )
            yield piece

    def _recorded(self, upload: Upload, request: Request, actor: ChatActor) -> Answer:
        def rule(tx: Tx) -> Response:
            record = media.record(tx, actor, upload)
            return answer(self._records.shown(request, record, tx.now_ms), 201)

        return Write(rule, about=upload.blob)


def _category(text: str) -> Category:
    for category in _CATEGORIES:
        if text == category:
            return category
    raise invalid(f"expected Category to be one of {', '.join(_CATEGORIES)}")


def _filename(text: str | None) -> str | None:
    """A name as it was given; an empty one is none."""
    if text and (len(text) > NAME_CHARS_MAX or _CONTROL.search(text)):
        raise invalid(f"expected a file name of at most {NAME_CHARS_MAX} characters that can be seen")
    return text or None


def _content_type(text: str | None) -> str:
    if not text:
        return UNKNOWN_TYPE
    if len(text) > TYPE_CHARS_MAX or _is_type(text) is None:
        raise invalid("expected the Content-Type of the file to be a media type, such as image/png")
    return text
