"""Who asks a rule for something, and the limits that apply."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from tsock.events import Origin
from tsock.storage.store import Tx
from tsock.webhooks.targets import StoredUrl

if TYPE_CHECKING:
    from tsock.sync.models import Root

SYSTEM = "system"
"""The identity of changes made over REST."""


class SyncLimits(msgspec.Struct, frozen=True, gc=False):
    """How large things may become; the defaults are the documented ones."""

    data_bytes_max: int = 16_384
    message_bytes_max: int = 4_096
    unique_name_chars_max: int = 320
    key_chars_max: int = 320
    ttl_s_max: int = 31_536_000
    items_max: int = 1_000_000
    page_rows_max: int = 100
    page_chars_max: int = 262_144


Readable = Callable[[Tx, "Actor", "Sequence[Root]"], set[str]]
"""Which of 1 to 1000 objects an actor may see, by SID."""


class Actor(msgspec.Struct, frozen=True, gc=False):
    """One caller, in one service. Nothing outside `service_sid` exists for it."""

    account_sid: str
    service_sid: str
    identity: str = SYSTEM
    acl_enabled: bool = False
    """Whether the service's permissions bind this caller; never over REST."""
    readable: Readable | None = None
    """Decides in place of permissions what it may see of another product's objects; it changes none."""
    connection: Origin | None = None
    """The connection that is to get no echo of what it causes."""
    webhook_url: StoredUrl | None = None
    """Where its changes are told; None when nobody wants to hear of them."""
    endpoint_id: str | None = None
    """The client it asks from, as webhooks name it; None over REST."""
    limits: SyncLimits = SyncLimits()
