"""What a client is told that was let in, and what is known of it from then on."""

from collections.abc import Callable, Mapping

from msgspec import UNSET, Struct

from tsock.accounts.caller import CHAT, SYNC, Caller
from tsock.clock import Clock
from tsock.gateway.endpoint import Endpoint
from tsock.ids import Ids
from tsock.tokens.continuation import Continuations
from tsock.wire.headers import (
    CAPABILITIES,
    AccountDescriptor,
    ContinuationStatus,
    Init,
    InitReply,
    RegistrationReply,
    Storage,
)


class Welcome(Struct, frozen=True, gc=False):
    """The answer to an `init` that was granted."""

    reply: InitReply
    endpoint_id: str
    """The client: as the connection already knows it, else as the grant says, else the continuation token."""
    first_init_ms: int
    """When the client first came; it may have had other connections since."""


class Welcomes:
    """Makes them."""

    def __init__(
        self,
        continuations: Continuations,
        storage_id: Callable[[Caller], str],
        *,
        clock: Clock,
        ids: Ids,
        packet_id: Callable[[], str],
    ) -> None:
        """Take what they are made of.

        Args:
            continuations: tell endpoints that come back.
            storage_id: names a caller's cache of Sync objects.
            clock: dates continuation tokens, as it dates commits: a replay may begin at their date.
            ids: name endpoints.
            packet_id: names notification contexts.
        """
        self._continuations = continuations
        self._storage_id = storage_id
        self._clock = clock
        self._ids = ids
        self._packet_id = packet_id

    def to(self, endpoint: Endpoint, packet: Init, caller: Caller) -> Welcome:
        """The welcome of a client that is let in as `caller`."""
        granted = self._continuations.resume(
            packet.continuation_token, caller, self._clock.date_ms(), self._ids.secret()
        )
        offered = packet.capabilities
        storage: dict[str, Storage] = {}
        if "offline_storage" in offered and SYNC in caller.products:
            storage[SYNC] = Storage(self._storage_id(caller))
        reply = InitReply(
            capabilities=[name for name in CAPABILITIES if name in offered],
            continuation_token=granted.token,
            continuation_token_status=ContinuationStatus(
                reissued=granted.reissued,
                reissue_reason=granted.reason or UNSET,
                reissue_message=granted.message or UNSET,
            ),
            offline_storage=storage,
            init_registrations=[
                RegistrationReply(
                    self._packet_id(),
                    registration.type,
                    registration.product,
                    registration.message_types,
                )
                for registration in packet.registrations or ()
            ],
            account_descriptor=AccountDescriptor(
                caller.account_sid, _instances(caller.products), caller.identity
            ),
        )
        endpoint_id = endpoint.endpoint_id or caller.endpoint_id or granted.endpoint_id
        return Welcome(reply, endpoint_id, granted.first_init_ms)


def _instances(products: Mapping[str, str]) -> dict[str, str]:
    """Service SID by grant; the chat service under both of its names."""
    instances = dict(products)
    if CHAT in instances:
        instances["chat"] = instances[CHAT]
    return instances
