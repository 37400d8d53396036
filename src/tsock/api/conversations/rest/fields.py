"""Parameters of Conversations' REST requests: from text to what the rules take."""

from typing import Any

from msgspec import UNSET, UnsetType

from tsock.api.rest.fields import Fields
from tsock.conversations import refusals
from tsock.conversations.addresses import Binding
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.models import ChannelType, StateName
from tsock.errors import ApiError, invalid

CHANNEL_TYPE, CHANNEL_CREATED_BY = "Channel.Type", "Channel.CreatedBy"
"""What only Chat can say of a conversation, as its translation calls it."""
STATES = ("initializing", "active", "inactive", "closed")


def text(form: Fields, name: str) -> str | UnsetType:
    """A text that is set only where it is given."""
    given = form.text(name)
    return UNSET if given is None else given


def sid(form: Fields, name: str, prefix: str) -> str | UnsetType:
    """A SID of this kind that is set only where it is given.

    Raises:
        ApiError: 20423, it is none.
    """
    given = form.sid(name, prefix)
    return UNSET if given is None else given


def created_ms(form: Fields) -> int | None:
    """`DateCreated`.

    Raises:
        ApiError: 50308.
    """
    return _since_1970(form, "DateCreated", 50308)


def updated_ms(form: Fields) -> int | None:
    """`DateUpdated`.

    Raises:
        ApiError: 50309.
    """
    return _since_1970(form, "DateUpdated", 50309)


def _since_1970(form: Fields, name: str, code: int) -> int | None:
    at_ms = form.moment_ms(name, code)
    if at_ms is not None and at_ms < 0:
        raise ApiError(400, code, f"Invalid Parameter: {name} is a date from 1970 on")
    return at_ms


def dates(form: Fields) -> dict[str, Any]:
    """Both, as far as they are given."""
    found = {"created_ms": created_ms(form), "updated_ms": updated_ms(form)}
    return {name: at_ms for name, at_ms in found.items() if at_ms is not None}


def state(form: Fields) -> StateName | None:
    """`State`.

    Raises:
        ApiError: 50378.
    """
    given = form.text("State")
    if given is not None and given not in STATES:
        raise ApiError(400, 50378, f"'State' parameter value is invalid: expected one of {', '.join(STATES)}")
    return given


def read_mark(form: Fields) -> int | UnsetType:
    """`LastReadMessageIndex`.

    Raises:
        ApiError: 50421.
    """
    given = form.text("LastReadMessageIndex")
    if given is None:
        return UNSET
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise refusals.bad_index()
    return int(given)


def conversation(form: Fields) -> ConversationChange:
    """What is to be set of a conversation.

    Raises:
        ApiError: 20423, 50308, 50309, 50378 bad values.
    """
    email = {
        member: given
        for member, name in (("address", "Bindings.Email.Address"), ("name", "Bindings.Email.Name"))
        if (given := form.text(name)) is not None
    }
    return ConversationChange(
        friendly_name=text(form, "FriendlyName"),
        unique_name=text(form, "UniqueName"),
        attributes=text(form, "Attributes"),
        state=state(form) or UNSET,
        inactive_after=text(form, "Timers.Inactive"),
        closed_after=text(form, "Timers.Closed"),
        messaging_service_sid=sid(form, "MessagingServiceSid", "MG"),
        email=email or UNSET,
        type=_channel_type(form),
        created_by=form.text(CHANNEL_CREATED_BY) or UNSET,
        **dates(form),
    )


def _channel_type(form: Fields) -> ChannelType | UnsetType:
    given = form.text(CHANNEL_TYPE)
    if given is None:
        return UNSET
    if given not in ("public", "private"):
        raise invalid("Type is public or private")
    return given


def binding(form: Fields) -> Binding | None:
    """`MessagingBinding`, of which one member makes all."""
    address, proxy, projected = (
        form.text(f"MessagingBinding.{name}") for name in ("Address", "ProxyAddress", "ProjectedAddress")
    )
    if address is None and proxy is None and projected is None:
        return None
    return Binding(address or "", proxy, projected_address=projected)
