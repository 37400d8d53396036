"""Ends what connections follow and may not read any longer."""

from collections.abc import Callable, Iterable, Sequence

from tsock.accounts.caller import SYNC
from tsock.accounts.directory import Directory
from tsock.accounts.records import Service
from tsock.api.live import Following, LiveSession
from tsock.events import Change, ReadRevoked
from tsock.storage.store import Seen, Store, Tx
from tsock.sync import permissions, replay
from tsock.sync.actor import Actor, Readable
from tsock.sync.models import Root
from tsock.sync.services import options_of

_SIDS_PER_STATEMENT = 1000


class Withdrawal:
    """Hears of permissions that were taken back, and of services whose permissions were switched on."""

    def __init__(
        self,
        directory: Directory,
        store: Store,
        hub: Following,
        *,
        of_account: Callable[[str], Iterable[LiveSession]],
        of_identity: Callable[[str, str], Iterable[LiveSession]],
    ) -> None:
        """`of_account` and `of_identity` find the connections that were let in."""
        self._directory = directory
        self._store = store
        self._hub = hub
        self._of_account = of_account
        self._of_identity = of_identity

    def heed(self, fact: ReadRevoked) -> None:
        """Send nothing more of an object to an identity that may not read it any longer."""
        service = self._directory.service(fact.service_sid)
        if service is not None and (service.product != SYNC or options_of(service).acl_enabled):
            for session in self._of_identity(service.account_sid, fact.identity):
                self._hub.leave(session, fact.topic)

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
            return
        for session in self._of_account(record.account_sid):
            caller = session.caller
            if caller is not None and record.sid in caller.products.values():
                actor = Actor(
                    caller.account_sid, record.sid, caller.identity, acl_enabled=True, readable=readable
                )
                followed = list(session.subscriptions)
                for start in range(0, len(followed), _SIDS_PER_STATEMENT):
                    self._withdraw(session, actor, followed[start : start + _SIDS_PER_STATEMENT])

    def _withdraw(self, session: LiveSession, actor: Actor, sids: Sequence[str]) -> None:
        def forbidden(tx: Tx) -> set[str]:
            own = replay.standing(tx, actor, sids)
            return set(own) - permissions.readable(tx, actor, list(own.values())) if own else set()

        def leave(unreadable: set[str] | None, error: Exception | None, seen: Seen) -> None:
            # Where it cannot be told what may be read, nothing is.
            for sid in sids if unreadable is None else unreadable:
                self._hub.leave(session, sid)

        self._store.read(forbidden, leave)


def _nothing(tx: Tx, actor: Actor, roots: Sequence[Root]) -> set[str]:
    """What may be read of a service that ended."""
    return set()
