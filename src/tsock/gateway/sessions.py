"""Which connections stand: all of them, and the accepted ones by account and identity."""

from collections.abc import Collection, Iterator
from typing import Generic, TypeVar

from tsock.gateway.endpoint import Endpoint

Session = TypeVar("Session", bound=Endpoint)


class Sessions(Generic[Session]):
    """The connections of this process."""

    def __init__(self) -> None:
        self._open: set[Session] = set()
        self._accepted: dict[str, dict[str, Session | set[Session]]] = {}
        """By account and identity. Most have one connection, and a set is as large as one."""
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Session]:
        """A snapshot, so that sessions may end while it is walked."""
        return iter(list(self._open))

    def add(self, session: Session) -> None:
        """A connection was opened."""
        self._open.add(session)

    def accept(self, session: Session) -> None:
        """Its token was accepted: it counts for account and identity."""
        caller = session.caller
        assert caller is not None
        identities = self._accepted.setdefault(caller.account_sid, {})
        standing = identities.setdefault(caller.identity, session)
        if isinstance(standing, set):
            standing.add(session)
        elif standing is not session:
            identities[caller.identity] = {standing, session}
        self._counts[caller.account_sid] = self._counts.get(caller.account_sid, 0) + 1

    def remove(self, session: Session) -> None:
        """A connection is gone."""
        self._open.discard(session)
        caller = session.caller
        if caller is None:
            return
        identities = self._accepted.get(caller.account_sid, {})
        standing = identities.get(caller.identity)
        if isinstance(standing, set):
            if session not in standing:
                return
            standing.discard(session)
        elif standing is not session:
            return
        if standing is session or not standing:
            del identities[caller.identity]
        self._counts[caller.account_sid] -= 1
        if not identities:
            del self._accepted[caller.account_sid], self._counts[caller.account_sid]

    def of_account(self, account_sid: str) -> list[Session]:
        """The accepted connections of an account."""
        identities = self._accepted.get(account_sid, {})
        return [session for standing in identities.values() for session in _each(standing)]

    def of_identity(self, account_sid: str, identity: str) -> list[Session]:
        """The accepted connections of one identity."""
        return list(_each(self._accepted.get(account_sid, {}).get(identity)))

    def count(self, account_sid: str) -> int:
        """How many connections of an account are accepted."""
        return self._counts.get(account_sid, 0)

    def count_identity(self, account_sid: str, identity: str) -> int:
        """How many connections of an identity are accepted."""
        return len(_each(self._accepted.get(account_sid, {}).get(identity)))


def _each(standing: Session | set[Session] | None) -> Collection[Session]:
    """The connections of an identity that has several, one or none."""
    if standing is None:
        return ()
    return standing if isinstance(standing, set) else (standing,)
