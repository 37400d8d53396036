"""Who is let in: limits, the token, the endpoint; and what a client that is not let in is told.

Whether a token is good is decided by the examiner alone (`auth/tokens.py`). Everything here is done within
the turn in which the packet arrived: Kotlin clients wait for two seconds at most.
"""

from collections.abc import Callable, Mapping

import structlog
from msgspec import UNSET

from tsock import dictionary
from tsock.accounts.caller import CHAT, SYNC, Caller
from tsock.debugger.denials import Denial
from tsock.gateway.context import Context
from tsock.gateway.session import Session
from tsock.gateway.sessions import Sessions
from tsock.ids import Ids
from tsock.rates import Rate
from tsock.tokens.continuation import Continuations
from tsock.tokens.examiner import Examiner, Refusal, compare_for_update
from tsock.tokens.report import Report
from tsock.wire import packets
from tsock.wire.connection import UnreadInit
from tsock.wire.headers import (
    CAPABILITIES,
    AccountDescriptor,
    BackoffPolicy,
    ContinuationStatus,
    Init,
    InitReply,
    RegistrationReply,
    Status,
    Storage,
    Update,
)

log = structlog.get_logger(__name__)

OTHER_CLIENT = "Can't update token, new token was issued for other identity/instance/product."


LIMIT_DENIAL_S = 1.0
"""Further clients of one address that meet the same limit within this time share its record."""
_LIMIT_DENIALS_MAX = 10_000


class NotAdmitted(Exception):
    """A client is turned away with `status`; with a `backoff` it may come back later."""

    def __init__(self, status: Status, backoff: BackoffPolicy | None = None) -> None:
        super().__init__(status.description)
        self.status = status
        self.backoff = backoff


class Admission:
    """Answers `init` and `update`."""

    def __init__(
        self,
        context: Context,
        *,
        examiner: Examiner,
        continuations: Continuations,
        storage_id: Callable[[Caller], str],
        sessions: Sessions,
        ids: Ids,
        explain: bool,
    ) -> None:
        """Take the parts of the decision.

        Args:
            context: what every part of the gateway works with.
            examiner: judges tokens.
            continuations: tell endpoints that come back.
            storage_id: names a caller's cache of Sync objects.
            sessions: counted against the limits.
            ids: name records and endpoints.
            explain: tell clients the full reason of a refusal; for development only.
        """
        self._context = context
        self._examiner = examiner
        self._continuations = continuations
        self._storage_id = storage_id
        self._sessions = sessions
        self._ids = ids
        self._explain = explain
        settings = context.settings
        monotonic_s = context.clock.monotonic_s

        def rate(per_s: float, burst: float | None = None) -> Rate:
            return Rate(per_s, per_s if burst is None else burst, monotonic_s)

        self._node_rate = rate(settings.connects_per_node_per_s)
        self._account_rate = rate(settings.connects_per_account_per_s)
        self._failure_rate = rate(settings.failures_per_address_per_s, settings.failures_per_address_burst)
        self._limit_denials: dict[tuple[str, str], tuple[str, float]] = {}
        per_min = settings.updates_per_connection_per_min
        self._update_rate = rate(per_min / 60, per_min)

    def init(self, session: Session, packet: Init) -> None:
        """Grant or refuse what is, but for a repeated `init`, the first packet of a connection."""
        session.sdk = _sdk(packet)
        registered = {registration.product for registration in packet.registrations or ()}
        session.registered = tuple(sorted(registered & {SYNC, CHAT}))
        former = session.caller
        try:
            if former is None:
                self._check_node(session)
            else:
                self._check_updates(session, former)
            caller = self._examined(session, packet.token)
            if former is None:
                self._check_account(session, caller)
            else:
                self._check_same(session, former, caller)
        except NotAdmitted as refused:
            session.refused(session.connection.refuse(packet.id, refused.status, refused.backoff))
            return
        session.reply(session.connection.accept(packet.id, self._welcome(session, packet, caller)))
        session.accepted(caller)

    def unread_init(self, session: Session, packet: UnreadInit) -> None:
        """Refuse an `init` that was too large to be kept; with a reason, since it is mostly a wrong token."""
        try:
            self._check_node(session)
            raise self._refused(session, self._examiner.unread(packet.size_bytes))
        except NotAdmitted as refused:
            session.refused(session.connection.refuse(packet.id, refused.status, refused.backoff))

    def update(self, session: Session, packet: Update) -> None:
        """Grant or refuse a new token on a standing connection."""
        former = session.caller
        assert former is not None
        try:
            self._check_updates(session, former)
            caller = self._examined(session, packet.token)
            self._check_same(session, former, caller)
        except NotAdmitted as refused:
            session.refused(session.connection.refuse(packet.id, refused.status, refused.backoff))
            return
        session.reply(packets.done(packet.id))
        session.accepted(caller)

    def forget(self, session: Session) -> None:
        """Drop what was counted for a connection that is gone."""
        self._update_rate.forget(session.number)

    # Judging.

    def _examined(self, session: Session, token: str) -> Caller:
        verdict = self._examiner.verify(token, self._context.clock.now_ms(), registered=session.registered)
        if isinstance(verdict, Caller):
            return verdict
        raise self._refused(session, verdict)

    def _refused(self, session: Session, refusal: Refusal) -> NotAdmitted:
        if not self._failure_rate.take(session.address):
            return self._limited(session, 51202, "failures_per_address_per_s")
        return self._unauthorized(session, refusal)

    def _check_node(self, session: Session) -> None:
        if not self._node_rate.take(None):
            raise self._limited(session, 51202, "connects_per_node_per_s")
        if 0 < self._context.settings.connections_per_node_max < len(self._sessions):
            raise self._limited(session, 51124, "connections_per_node_max")

    def _check_account(self, session: Session, caller: Caller) -> None:
        settings, sessions = self._context.settings, self._sessions
        account_sid, identity = caller.account_sid, caller.identity
        if not self._account_rate.take(account_sid):
            raise self._limited(session, 51201, "connects_per_account_per_s", caller)
        if 0 < settings.connections_per_account_max <= sessions.count(account_sid):
            raise self._limited(session, 51124, "connections_per_account_max", caller)
        if 0 < settings.connections_per_identity_max <= sessions.count_identity(account_sid, identity):
            raise self._limited(session, 51001, "connections_per_identity_max", caller)

    def _check_updates(self, session: Session, caller: Caller) -> None:
        if not self._update_rate.take(session.number):
            raise self._limited(session, 51125, "updates_per_connection_per_min", caller)

    def _check_same(self, session: Session, former: Caller, caller: Caller) -> None:
        """A connection stays with the client it was made for (`twilsock.md` 11.3)."""
        difference = compare_for_update(former, caller)
        if difference is not None:
            text = f"The new token is for another {difference} than the connection."
            sid = self._deny(session, 51215, f"other_{difference}", text, caller, digest=caller.digest.hex())
            told = f"{OTHER_CLIENT} {text}" if self._explain else OTHER_CLIENT
            raise NotAdmitted(Status(401, "UNAUTHORIZED", f"{told} ({sid})", 51215))

    # Refusing: on record first, then told.

    def _unauthorized(self, session: Session, refusal: Refusal) -> NotAdmitted:
        report = refusal.report()
        sid = self._deny(
            session,
            refusal.code,
            refusal.cause,
            report.summary,
            session.caller,
            report,
            digest=refusal.digest,
        )
        text = refusal.title
        if self._explain:
            text = f"{text}: {report.summary} {report.fix}"
        return NotAdmitted(Status(401, "UNAUTHORIZED", f"{text} ({sid})", refusal.code))

    def _limited(self, session: Session, code: int, limit: str, caller: Caller | None = None) -> NotAdmitted:
        settings = self._context.settings
        text = f"{limit} is {getattr(settings, limit):g}."
        sid = self._limit_denial(session, code, limit, text, caller)
        told = f"{dictionary.title(code)}: {text}" if self._explain else dictionary.title(code)
        status = Status(429, "TOO_MANY_REQUESTS", f"{told} ({sid})", code)
        return NotAdmitted(status, BackoffPolicy(settings.backoff_ms_min, settings.backoff_ms_max))

    def _limit_denial(self, session: Session, code: int, limit: str, text: str, caller: Caller | None) -> str:
        """The record of a limit that was reached, one a second for each address: a flood fills no disk."""
        now_s = self._context.clock.monotonic_s()
        sid, until_s = self._limit_denials.get((limit, session.address), ("", 0.0))
        if now_s < until_s:
            self._context.metrics.denied(code)
            return sid
        if len(self._limit_denials) >= _LIMIT_DENIALS_MAX:
            self._limit_denials.clear()
        sid = self._deny(session, code, limit, text, caller)
        self._limit_denials[limit, session.address] = (sid, now_s + LIMIT_DENIAL_S)
        return sid

    def _deny(
        self,
        session: Session,
        code: int,
        cause: str,
        summary: str,
        caller: Caller | None = None,
        report: Report | None = None,
        *,
        digest: str | None = None,
    ) -> str:
        """Keep the refusal on record; the reply does not wait for it."""
        issuer, subject = (caller.key_sid, caller.account_sid) if caller else (None, None)
        if report:
            issuer, subject = report.sid("iss"), report.sid("sub")
        denial = Denial(
            sid=self._ids.sid("DN"),
            at_ms=self._context.clock.now_ms(),
            code=code,
            cause=cause,
            summary=summary,
            address=session.address,
            sdk=session.sdk,
            account_sid=caller.account_sid if caller else subject,
            identity=caller.identity if caller else report and report.claims.get("identity"),
            digest=digest,
            report=report,
        )
        self._context.metrics.denied(code)
        log.warning(
            "client.denied",
            denial=denial.sid,
            code=code,
            cause=cause,
            iss=issuer,
            sub=subject,
            digest=digest,
            address=denial.address,
            sdk=denial.sdk,
        )
        self._context.tail.add(
            "denial", cause, denial.account_sid or "", denial.identity or "", denial.sid, summary
        )
        self._context.debugger.denied(denial, caller)
        return denial.sid

    # Welcoming.

    def _welcome(self, session: Session, packet: Init, caller: Caller) -> InitReply:
        now_ms = self._context.clock.now_ms()
        granted = self._continuations.resume(packet.continuation_token, caller, now_ms, self._ids.secret())
        session.first_init_ms = granted.first_init_ms
        session.endpoint_id = session.endpoint_id or caller.endpoint_id or granted.endpoint_id
        offered = set(packet.capabilities)
        storage: dict[str, Storage] = {}
        if "offline_storage" in offered and SYNC in caller.products:
            storage[SYNC] = Storage(self._storage_id(caller))
        return InitReply(
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
                    self._context.packet_id(),
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


def _instances(products: Mapping[str, str]) -> dict[str, str]:
    """Service SID by grant; the chat service under both of its names (`twilsock.md` 5)."""
    instances = dict(products)
    if CHAT in instances:
        instances["chat"] = instances[CHAT]
    return instances


def _sdk(packet: Init) -> str:
    """A line for logs and records, of what the client says about itself."""
    said = packet.metadata
    words = (said.get(name) for name in ("sdk", "type", "sdkv", "env", "os"))
    return " ".join(str(word)[:32] for word in words if word)
