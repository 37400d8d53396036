"""What a request to a server of others may take, and what it brings."""

from collections.abc import Mapping

import msgspec


class RequestLimits(msgspec.Struct, frozen=True):
    """What a request may take, where its URL does not set less."""

    timeout_s: float
    """From the look-up of the host name to the end of the answer."""
    connect_timeout_s: float
    """The part of it that ends with the connection."""
    answer_bytes_max: int
    """Of the body so much is read, and of the headers so much kept."""


class TargetAnswer(msgspec.Struct, frozen=True):
    """What the target said, within the limits."""

    status: int
    headers: Mapping[str, str]
    """Without cookies."""
    body: bytes = b""
    """Empty where it broke off."""
    is_whole: bool = False
    """Whether the body is all that there was to read: neither broken off nor cut."""
