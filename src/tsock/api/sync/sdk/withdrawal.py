"""Ends what connections follow and may not read any longer, and goes on with what they may read again."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from tsock.accounts.caller import SYNC
from tsock.accounts.directory import Directory
from tsock.accounts.records import Service
from tsock.api.live import Following, LiveSession
from tsock.events import Change, ReadGranted, ReadRevoked, Rights, RoleLost
from tsock.storage.store import Seen, Store, Tx
from tsock.sync import permissions, replay
from tsock.sync.actor import Actor, Readable
from tsock.sync.models import Root
from tsock.sync.services import options_of

_SIDS_PER_STATEMENT = 1000
SIDS_PER_TURN = 1000
"""Subscriptions looked at in one turn of the loop, before others have theirs; of a connection all."""


class Withdrawal:
    """Hears of rights that changed, and of services whose permissions were switched on."""

    def __init__(
        self,
        directory: Directory,
        store: Store,
        hub: Following,
        *,
        of_account: Callable[[str], Iterable[LiveSession]],
        of_identity: Callable[[str, str], Iterable[LiveSession]],
        call_soon: Callable[[Callable[[], None]], object],
        chat_readable: Readable,
    ) -> None:
        """Take what it needs.

        Args:
            directory: knows the services.
            store: has the permissions.
            hub: delivers to whoever follows.
            of_account: the connections of an account that were let in.
            of_identity: those of an identity.
            call_soon: runs a function in a later turn of the loop.
            chat_readable: what may be read of a chat service.
        """
        self._directory = directory
        self._store = store
        self._hub = hub
        self._of_account = of_account
        self._of_identity = of_identity
        self._call_soon = call_soon
        self._chat_readable = chat_readable
        self._guarded: set[str] = set()
        """Services whose permissions were on, as far as is known here: who follows anything of them may."""
        self._waiting: deque[tuple[LiveSession, Service, Readable | None]] = deque()
        """Connections that are still to be looked at."""

    def heed(self, fact: Rights) -> None:
        """Send nothing more of what may not be read any longer, and go on with what may be read again."""
        service = self._directory.service(fact.service_sid)
        if service is None or (service.product == SYNC and not options_of(service).acl_enabled):
            return
        if isinstance(fact, RoleLost):
            who = fact.identity
            account_sid = service.account_sid
            sessions = self._of_account(account_sid) if who is None else self._of_identity(account_sid, who)
            self._look_at(sessions, service, self._chat_readable)
        elif isinstance(fact, ReadRevoked | ReadGranted):
            change = self._hub.withhold if isinstance(fact, ReadRevoked) else self._hub.resume
            for session in self._of_identity(service.account_sid, fact.identity):
                change(session, fact.topic)

    def changed(self, record: Change) -> None:
        """Stop delivering what is forbidden, after permissions were switched on or a chat service ended."""
        if not isinstance(record, Service):
            return
        readable: Readable | None = None
        if record.product != SYNC:
            if record.enabled and record.deleted_ms is None:
                return
            readable = _nothing
        elif not options_of(record).acl_enabled:
            self._guarded.discard(record.sid)
            return
        elif record.sid in self._guarded:
            return
        else:
            self._guarded.add(record.sid)
        self._look_at(self._of_account(record.account_sid), record, readable)

    def _look_at(self, sessions: Iterable[LiveSession], service: Service, readable: Readable | None) -> None:
        """Look at what some connections follow, now or behind those that are looked at already."""
        is_working = bool(self._waiting)
        self._waiting += [(session, service, readable) for session in sessions]
        if not is_working:
            self._work()

    def _work(self) -> None:
        """Look at some connections, and go on in the next turn."""
        looked_at = 0
        while self._waiting and looked_at < SIDS_PER_TURN:
            session, service, readable = self._waiting.popleft()
            caller = session.caller
            if caller is None or service.sid not in caller.products.values():
                continue
            actor = Actor(
                caller.account_sid, service.sid, caller.identity, acl_enabled=True, readable=readable
            )
            followed = self._hub.of(session)
            looked_at += len(followed)
            for start in range(0, len(followed), _SIDS_PER_STATEMENT):
                self._withdraw(session, actor, followed[start : start + _SIDS_PER_STATEMENT])
        if self._waiting:
            self._call_soon(self._work)

    def _withdraw(self, session: LiveSession, actor: Actor, sids: Sequence[str]) -> None:
        def forbidden(tx: Tx) -> set[str]:
            own = replay.standing(tx, actor, sids)
            return set(own) - permissions.readable(tx, actor, list(own.values())) if own else set()

        def leave(unreadable: set[str] | None, error: Exception | None, seen: Seen) -> None:
            # Where it cannot be told what may be read, nothing is.
            for sid in sids if unreadable is None else unreadable:
                self._hub.forbid(session, sid)

        self._store.read(forbidden, leave)


def _nothing(tx: Tx, actor: Actor, roots: Sequence[Root]) -> set[str]:
    """What may be read of a service that ended."""
    return set()
