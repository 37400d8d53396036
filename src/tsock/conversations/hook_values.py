"""What may be set of webhooks: events, methods, URLs."""

from collections.abc import Sequence
from typing import get_args

from msgspec import UNSET, UnsetType

from tsock.accounts import webhook_urls
from tsock.accounts.secrets import Vault
from tsock.conversations.hooks import PostEvent, PreEvent
from tsock.errors import ApiError
from tsock.webhooks.outbox import Method
from tsock.webhooks.targets import StoredUrl

URL_CHARS_MAX = 2048
METHODS: tuple[Method, ...] = get_args(Method)
PRE_EVENTS: tuple[PreEvent, ...] = get_args(PreEvent)
POST_EVENTS: tuple[PostEvent, ...] = get_args(PostEvent)


def checked_method(text: str) -> Method:
    """A method in capitals.

    Raises:
        ApiError: 50055.
    """
    for method in METHODS:
        if text.upper() == method:
            return method
    raise ApiError(400, 50055, f"Invalid webhook method: expected {' or '.join(METHODS)}")


def checked_filters(names: Sequence[str], code: int, what: str, *, before: bool = True) -> tuple[str, ...]:
    """Names of events, each once.

    Args:
        names: as given.
        code: of the error where one is no event.
        what: the filters are called in it.
        before: whether events before an action can be meant.

    Raises:
        ApiError: 400 with that code.
    """
    known = (*PRE_EVENTS, *POST_EVENTS) if before else POST_EVENTS
    for name in names:
        if name not in known:
            raise ApiError(400, code, f"Invalid {what} {name[:64]!r}: expected of {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def checked_url(
    vault: Vault, account_sid: str, url: str | UnsetType | None, code: int, what: str
) -> StoredUrl | UnsetType | None:
    """A URL as it is kept; an empty one is none.

    Raises:
        ApiError: 400 with that code.
    """
    if url is UNSET or not url:
        return UNSET if url is UNSET else None
    try:
        return webhook_urls.checked(vault, account_sid, url, URL_CHARS_MAX)
    except ValueError as flaw:
        raise ApiError(400, code, f"Invalid {what}: {flaw}") from None
