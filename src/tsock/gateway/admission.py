"""Who is let in: the limits, then the token.

Whether a token is good is decided by the examiner alone (`tokens/examiner.py`). Everything here is done
within the turn in which the packet arrived: Kotlin clients wait for two seconds at most.
"""

from typing import Protocol

from msgspec import Struct

from tsock.accounts.caller import Caller
from tsock.gateway.context import Context
from tsock.gateway.endpoint import Endpoint
from tsock.gateway.refusals import NotAdmitted, Refusals
from tsock.gateway.welcome import Welcome, Welcomes
from tsock.rates import Rate, source
from tsock.tokens.examiner import Examiner, Refusal, compare_for_update
from tsock.wire.connection import UnreadInit
from tsock.wire.headers import Init, Update

_MADE_ELSEWHERE = frozenset(
    ("account_unknown", "account_inactive", "key_unknown", "service_unknown", "service_invalid")
)
"""Checks that fail for as long as this node has not heard what another one changed."""


class Admitted(Struct, frozen=True, gc=False):
    """A client is let in, or may stay with its new token."""

    caller: Caller
    welcome: Welcome | None
    """The answer to an `init`; None to an `update`."""


class ConnectionCounts(Protocol):
    """How many connections stand."""

    def __len__(self) -> int:
        """All of them, let in or not."""
        ...

    def count(self, account_sid: str) -> int:
        """Those of an account."""
        ...

    def count_identity(self, account_sid: str, identity: str) -> int:
        """Those of an identity."""
        ...


class Admission:
    """Decides about each `init` and `update`; what follows from it is the session's business."""

    def __init__(
        self,
        context: Context,
        *,
        examiner: Examiner,
        sessions: ConnectionCounts,
        refusals: Refusals,
        welcomes: Welcomes,
    ) -> None:
        """Take the parts of the decision.

        Args:
            context: what every part of the gateway works with.
            examiner: judges tokens.
            sessions: counted against the limits.
            refusals: turn clients away.
            welcomes: let them in.
        """
        self._context = context
        self._examiner = examiner
        self._sessions = sessions
        self._refusals = refusals
        self._welcomes = welcomes
        settings = context.settings
        monotonic_s = context.clock.monotonic_s

        def rate(per_s: float, burst: float | None = None) -> Rate:
            return Rate(per_s, per_s if burst is None else burst, monotonic_s)

        self._node_rate = rate(settings.connects_per_node_per_s)
        self._account_rate = rate(settings.connects_per_account_per_s)
        self._failure_rate = rate(settings.failures_per_address_per_s, settings.failures_per_address_burst)
        per_min = settings.updates_per_connection_per_min
        self._update_rate = rate(per_min / 60, per_min)

    def init(self, endpoint: Endpoint, packet: Init, *, is_final: bool) -> Admitted | NotAdmitted | None:
        """Judge what is, but for a repeated `init`, the first packet of a connection.

        Unless it is to be final, None says that another node may have made what is unknown here.
        """
        former = endpoint.caller
        refused = self._over_node(endpoint) if former is None else self._over_updates(endpoint, former)
        if refused is not None:
            return refused
        caller = self._examined(endpoint, packet.token, is_final=is_final)
        if not isinstance(caller, Caller):
            return caller
        if former is None:
            refused = self._over_account(endpoint, caller)
        else:
            refused = self._another(endpoint, former, caller)
        return refused or Admitted(caller, self._welcomes.to(endpoint, packet, caller))

    def unread_init(self, endpoint: Endpoint, packet: UnreadInit) -> NotAdmitted:
        """Refuse an `init` that was too large to be kept; with a reason, since it is mostly a wrong token."""
        refused = self._over_node(endpoint)
        return refused or self._refused(endpoint, self._examiner.unread(packet.size_bytes))

    def update(self, endpoint: Endpoint, packet: Update, *, is_final: bool) -> Admitted | NotAdmitted | None:
        """Judge a new token on a standing connection; None as of `init`."""
        former = endpoint.caller
        assert former is not None
        refused = self._over_updates(endpoint, former)
        if refused is not None:
            return refused
        caller = self._examined(endpoint, packet.token, is_final=is_final)
        if not isinstance(caller, Caller):
            return caller
        return self._another(endpoint, former, caller) or Admitted(caller, None)

    def forget(self, endpoint: Endpoint) -> None:
        """Drop what was counted for a connection that is gone."""
        self._update_rate.forget(endpoint.number)

    def _examined(self, endpoint: Endpoint, token: str, *, is_final: bool) -> Caller | NotAdmitted | None:
        found = self._examiner.verify(token, self._context.clock.now_ms(), registered=endpoint.registered)
        if isinstance(found, Caller):
            return found
        if not is_final and found.cause in _MADE_ELSEWHERE:
            return None
        return self._refused(endpoint, found)

    def _refused(self, endpoint: Endpoint, refusal: Refusal) -> NotAdmitted:
        if not self._failure_rate.take(source(endpoint.address)):
            return self._refusals.of_limit(endpoint, 51202, "failures_per_address_per_s")
        return self._refusals.of_token(endpoint, refusal)

    def _over_node(self, endpoint: Endpoint) -> NotAdmitted | None:
        if not self._node_rate.take(None):
            return self._refusals.of_limit(endpoint, 51202, "connects_per_node_per_s")
        if 0 < self._context.settings.connections_per_node_max < len(self._sessions):
            return self._refusals.of_limit(endpoint, 51124, "connections_per_node_max")
        return None

    def _over_account(self, endpoint: Endpoint, caller: Caller) -> NotAdmitted | None:
        settings, sessions = self._context.settings, self._sessions
        account_sid, identity = caller.account_sid, caller.identity
        nodes = self._context.metrics.nodes
        if not self._account_rate.take(account_sid, nodes):
            return self._refusals.of_limit(endpoint, 51201, "connects_per_account_per_s", caller, nodes)
        if 0 < settings.connections_per_account_max <= sessions.count(account_sid) * nodes:
            return self._refusals.of_limit(endpoint, 51124, "connections_per_account_max", caller, nodes)
        if 0 < settings.connections_per_identity_max <= sessions.count_identity(account_sid, identity):
            return self._refusals.of_limit(endpoint, 51001, "connections_per_identity_max", caller)
        return None

    def _over_updates(self, endpoint: Endpoint, caller: Caller) -> NotAdmitted | None:
        if not self._update_rate.take(endpoint.number):
            return self._refusals.of_limit(endpoint, 51125, "updates_per_connection_per_min", caller)
        return None

    def _another(self, endpoint: Endpoint, former: Caller, caller: Caller) -> NotAdmitted | None:
        """A connection stays with the client it was made for."""
        difference = compare_for_update(former, caller)
        if difference is None:
            return None
        return self._refusals.of_other_client(endpoint, difference, caller)
