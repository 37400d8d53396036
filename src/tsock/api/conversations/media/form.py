"""The one file of a `multipart/form-data` body, as it streams in (RFC 7578)."""

import re
from collections.abc import AsyncGenerator

from multipart import (  # pyright: ignore[reportMissingTypeStubs] - its types stand in its source
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from tsock.errors import ApiError, invalid

TYPE = "multipart/form-data"
FRAMING_BYTES_MAX = 16 * 1024
"""What a form may have around its file, which is bounded by itself."""

_PARTS_MAX = 16

_parameter = re.compile(r'\s*;\s*([^\s=;"]+)=(?:"([^"]*)"|([^\s;"]*))').match
_is_boundary = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]").fullmatch
"""Of RFC 2046."""

Pieces = AsyncGenerator[bytes]
Events = AsyncGenerator[MultipartSegment | bytes | bytearray | None]


def is_form(content_type: str) -> bool:
    """Whether a body of this type is such a form."""
    return content_type.partition(";")[0].strip().lower() == TYPE


async def file_of(content_type: str, body: Pieces) -> tuple[str | None, str | None, Pieces]:
    """Name and type of the file in a form, as its part tells them, and its bytes.

    Fields that are no files are passed over.

    Raises:
        ApiError: 400/20422, it is no such form, or has no file; from the bytes also where it has another one.
    """
    events = _events(content_type, body)
    async for event in events:
        if isinstance(event, MultipartSegment) and _is_file(event):
            return event.filename or None, dict(event.headerlist).get("Content-Type"), _rest(events)
    raise invalid("expected a form with a file in it, found none")


async def _rest(events: Events) -> Pieces:
    """The bytes of the file whose head was read; the form is read to its end."""
    in_file = True
    async for event in events:
        if event is None:
            in_file = False
        elif isinstance(event, MultipartSegment):
            if _is_file(event):
                raise invalid("expected a form with one file, found another one: upload each by itself")
        elif in_file:
            yield bytes(event)


def _is_file(part: MultipartSegment) -> bool:
    return part.filename is not None or part.content_type is not None


async def _events(content_type: str, body: Pieces) -> Events:
    """Heads of parts, pieces of what is in them, and None behind each."""
    try:
        parser = PushMultipartParser(_boundary(content_type), max_segment_count=_PARTS_MAX)
        async for piece in body:
            if piece:
                for event in parser.parse(piece):
                    yield event
        parser.close()
    except MultipartError as error:
        raise _malformed(error) from None


def _boundary(content_type: str) -> str:
    """The header's parameter, whose other notations (RFC 2231) no client has any use for.

    Raises:
        ApiError: 400/20422.
    """
    at = content_type.index(";") if ";" in content_type else len(content_type)
    while found := _parameter(content_type, at):
        name, quoted, plain = found.groups()
        boundary = plain if quoted is None else quoted
        if name.lower() == "boundary" and _is_boundary(boundary):
            return boundary
        at = found.end()
    raise invalid(
        f"expected a body of {TYPE}, found no boundary in the header Content-Type: 1 to 70 letters, digits "
        "and characters of '()+_,-./:=? behind boundary="
    )


def _malformed(error: MultipartError) -> ApiError:
    """The refusal, in our own words for what clients do wrong."""
    said = str(error)
    if isinstance(error, ParserLimitReached):
        found = f"more than {_PARTS_MAX} parts, or a part with too many or too long headers"
    elif said.startswith("Unexpected end"):
        found = "one that is cut short: its last boundary is missing"
    elif "boundary" in said.lower():
        found = "one that does not keep to the boundary of the header Content-Type"
    else:
        found = "a part without a sound header Content-Disposition"
    return invalid(f"expected a body of {TYPE}, found {found}")
