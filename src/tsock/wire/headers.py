"""Typed headers, by direction (`protocol/twilsock.md`, Methods). `reader.py` makes them from bytes.

What carries a token leaves it out of its `repr`, so that none reaches a log.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Values = dict[str, str | list[str]]
"""Request parameters or headers: JS writes a string, or an array for a repeated key; Kotlin always arrays."""


class Status(Struct, frozen=True, gc=False, omit_defaults=True):
    """Outcome of a packet, or of the connection as a whole; `error_code` is from the dictionary."""

    code: int
    status: str
    description: str | UnsetType = UNSET
    error_code: int | UnsetType = msgspec.field(default=UNSET, name="errorCode")


OK = Status(200, "OK")


class BackoffPolicy(Struct, frozen=True, gc=False):
    """How long a client shall wait before it connects again.

    The longest wait is greater than the shortest: some clients throw otherwise.
    """

    reconnect_min_ms: int
    reconnect_max_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.reconnect_min_ms < self.reconnect_max_ms:
            raise ValueError(
                f"expected 0 <= reconnect_min_ms < reconnect_max_ms, got {self.reconnect_min_ms} and "
                f"{self.reconnect_max_ms}"
            )


class Header(Struct, frozen=True, gc=False, kw_only=True, tag_field="method"):
    """What every header has; each method is a subclass."""

    id: Annotated[str, Meta(min_length=1)]
    payload_size: Annotated[int, Meta(ge=0)] = 0
    payload_type: str | None = None


# From client to server.

CAPABILITIES = ("client_update", "offline_storage", "account_descriptor")
"""What a server confirms to a client that offers it; `telemetry.v1` is not among it."""


REGISTRATIONS_MAX = 20
MESSAGE_TYPES_MAX = 100
Name = Annotated[str, Meta(max_length=128)]
"""Of a product or a message type."""


class Registration(Struct, frozen=True, gc=False):
    """What a client wants to hear of, by message type."""

    product: Name
    type: Name = "ers"
    notification_protocol_version: int = 0
    message_types: Annotated[list[Name], Meta(max_length=MESSAGE_TYPES_MAX)] = []


class Init(Header, frozen=True, tag="init"):
    """The first packet of a connection."""

    token: str = ""
    """Empty when it was missing or not a string."""
    continuation_token: str | None = None
    capabilities: list[str] = []
    metadata: dict[str, Any] = {}
    """Describes SDK and platform; for logs only."""
    registrations: Annotated[list[Registration], Meta(max_length=REGISTRATIONS_MAX)] | None = None
    """None also where there are too many, or one is too large."""

    def __repr__(self) -> str:
        return f"Init(id={self.id!r}, capabilities={self.capabilities!r})"


class Update(Header, frozen=True, tag="update"):
    """A new token for the same connection."""

    token: str = ""

    def __repr__(self) -> str:
        return f"Update(id={self.id!r})"


class HttpRequest(Struct, frozen=True, gc=False):
    """The request inside a `message`; path and parameters are still percent-encoded."""

    host: str
    path: str
    method: str
    params: Values = {}
    headers: Values = {}


class Message(Header, frozen=True, tag="message"):
    """An HTTP-like request; the payload is its body."""

    active_grant: str = ""
    http_request: HttpRequest | None = None
    """None when it was missing or has a wrong form."""


class PutContext(Header, frozen=True, tag="put_notification_ctx"):
    """Adds or replaces a notification context; the payload says for which product and message types."""

    notification_ctx_id: str = ""


class DeleteContext(Header, frozen=True, tag="delete_notification_ctx"):
    """Ends a notification context."""

    notification_ctx_id: str = ""


class Telemetry(Header, frozen=True, tag="telemetry.v1"):
    """Timings measured by a client; never confirmed, so none should come."""


class Ack(Header, frozen=True, tag="reply"):
    """A client's answer to what the server sent; `status` is None when it had none."""

    status: Status | None = None


# Both ways.


class Ping(Header, frozen=True, tag="ping"):
    """Asks for an acknowledgement, nothing else."""


class Close(Header, frozen=True, tag="close"):
    """The end of a connection; from a server always with a status."""

    status: Status | None = None


class Unknown(Header, frozen=True, tag=False):
    """A method this role does not know."""

    method: str


# From server to client.


class ContinuationStatus(Struct, frozen=True, gc=False, omit_defaults=True):
    """Whether the continuation token in an init reply is a new one, and why."""

    reissued: bool
    reissue_reason: str | UnsetType = UNSET
    reissue_message: str | UnsetType = UNSET


class Storage(Struct, frozen=True, gc=False):
    """Key of a client's offline cache."""

    storage_id: str


class RegistrationReply(Struct, frozen=True, gc=False):
    """A registration as the server took it."""

    notification_ctx_id: str
    type: str
    product: str
    message_types: Sequence[str]


class AccountDescriptor(Struct, frozen=True, gc=False):
    """Who the server takes the client for; the same on every connection of a user."""

    account_sid: str
    instance_sids: dict[str, str]
    """Service SID by grant."""
    identity: str


class InitReply(Struct, frozen=True, gc=False, kw_only=True):
    """What a successful init reply holds beside `method`, `id`, `payload_size` and `status`."""

    capabilities: Sequence[str]
    continuation_token: str
    continuation_token_status: ContinuationStatus
    offline_storage: dict[str, Storage]
    """By product id."""
    init_registrations: Sequence[RegistrationReply]
    account_descriptor: AccountDescriptor

    def __repr__(self) -> str:
        return f"InitReply(account_descriptor={self.account_descriptor!r})"


class Reply(Header, frozen=True, tag="reply"):
    """The server's answer to a client's packet."""

    status: Status | None = None
    http_status: Status | None = None
    http_headers: dict[str, Any] = {}
    capabilities: list[str] = []
    continuation_token: str | None = None
    continuation_token_status: ContinuationStatus | None = None
    offline_storage: dict[str, Storage] = {}
    account_descriptor: AccountDescriptor | None = None

    def __repr__(self) -> str:
        return f"Reply(id={self.id!r}, status={self.status!r}, http_status={self.http_status!r})"


class Notification(Header, frozen=True, tag="notification"):
    """Something a subscriber hears; the payload says what."""

    message_type: str = ""
    notification_ctx_id: str = ""


class ClientUpdate(Header, frozen=True, tag="client_update"):
    """Advice to the client."""

    client_update_type: str = ""
    """Clients heed `token_about_to_expire` and nothing else."""
    client_update_message: str = ""


FromClient = Init | Update | Message | PutContext | DeleteContext | Telemetry | Close | Ping | Ack | Unknown
"""Headers a client may send."""

FromServer = Reply | Notification | ClientUpdate | Close | Ping | Unknown
"""Headers a server may send."""
