"""What went wrong with a delivery: for the retry, for the record, for the account's alerts."""

from collections.abc import Mapping

import msgspec

from tsock.webhooks.outbox import PostOrigin


class SentRequest(msgspec.Struct, frozen=True):
    """The request, without credentials."""

    url: str
    method: str
    headers: Mapping[str, str]
    parameters: Mapping[str, str]


class ReceivedAnswer(msgspec.Struct, frozen=True):
    """The beginning of an answer."""

    status: int
    headers: Mapping[str, str]
    body: str


class Fault(msgspec.Struct, frozen=True):
    """Why one attempt failed."""

    code: int
    """In the error dictionary."""
    text: str
    is_final: bool = False
    """Whether another attempt would end the same."""
    request: SentRequest | None = None
    """None where the URL does not even name a target."""
    response: ReceivedAnswer | None = None
    retry_after_s: int = 0
    """How long the target asks to be spared."""


class DeliveryFailure(msgspec.Struct, frozen=True):
    """The first failed attempt of a delivery, or the one after which it was given up."""

    sid: str
    account_sid: str
    service_sid: str | None
    kind: PostOrigin
    event_type: str
    attempt: int
    """Counted from 1."""
    is_given_up: bool
    fault: Fault


class HookFailure(msgspec.Struct, frozen=True):
    """A pre-action hook that did not say what is to be done."""

    sid: str
    """Of the question."""
    account_sid: str
    service_sid: str
    event_type: str
    fault: Fault
