"""Small values that callers give: names, attributes, identities, bodies; each is checked here."""

import msgspec

from tsock.conversations import refusals
from tsock.conversations.actor import ChatLimits
from tsock.errors import invalid
from tsock.ids import is_sid
from tsock.misread import UNREADABLE, found_instead
from tsock.storage.texts import refuse_nul
from tsock.sync.actor import SYSTEM

SUBJECT_CHARS_MAX = 256


def friendly_name(text: str | None, limits: ChatLimits) -> str | None:
    """A friendly name; an empty one is none.

    Raises:
        ApiError: 50003.
    """
    if text is not None and len(text) > limits.name_chars_max:
        raise refusals.name_too_long(50003, "Friendly name", len(text), limits.name_chars_max)
    return text or None


def unique_name(text: str | None, limits: ChatLimits) -> str | None:
    """A unique name of a conversation; an empty one is none.

    Raises:
        ApiError: 50004; 50390, it could be a SID; 20422, it has U+0000.
    """
    if not text:
        return None
    if len(text) > limits.unique_name_chars_max:
        raise refusals.name_too_long(50004, "Unique Name", len(text), limits.unique_name_chars_max)
    if is_sid(text, "CH"):
        raise refusals.name_like_sid()
    refuse_nul(text, "a unique name")
    return text


def attributes(text: str, bytes_max: int) -> str:
    """JSON in a text, of any value; an empty text is an empty object.

    Raises:
        ApiError: 50303; 50304.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > bytes_max:
        raise refusals.attributes_too_long(len(raw), bytes_max)
    if not raw.strip():
        return "{}"
    try:
        raw.decode()
        _scan(raw)
    except UNREADABLE as error:
        raise refusals.attributes_not_json(found_instead(raw, error)) from None
    return text


def body(text: str | None, limits: ChatLimits) -> str | None:
    """The body of a message.

    Raises:
        ApiError: 50504.
    """
    if text is not None:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > limits.body_bytes_max:
            raise refusals.body_too_long(size, limits.body_bytes_max)
    return text


def subject(text: str | None) -> str | None:
    """The subject of a message.

    Raises:
        ApiError: 20422.
    """
    if text is not None and len(text) > SUBJECT_CHARS_MAX:
        raise invalid(f"a subject has at most {SUBJECT_CHARS_MAX} characters, this one {len(text)}")
    return text


def identity(text: str | None, limits: ChatLimits) -> str:
    """The identity of a user.

    Raises:
        ApiError: 50204 none; 50203 reserved; 50206 it could be a SID; 50207 too long; 20422, it has U+0000.
    """
    if not text:
        raise refusals.no_identity()
    if text == SYSTEM:
        raise refusals.reserved_identity(text)
    if is_sid(text, "US"):
        raise refusals.identity_like_sid()
    if len(text) > limits.identity_chars_max:
        raise refusals.name_too_long(50207, "Identity", len(text), limits.identity_chars_max)
    refuse_nul(text, "an identity")
    return text


_scan = msgspec.json.Decoder(msgspec.Raw).decode
