"""What a rule claims before anything else, found out by running it up to there: a rule may run again."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from tsock.events import Fact
from tsock.ids import Ids
from tsock.storage.store import Tx


class Claim(NamedTuple):
    """One row that is to be claimed."""

    sql: str
    params: Mapping[str, Any]


def first_claim(rule: Callable[[Tx], Any], ids: Ids, now_ms: int, date_ms: int) -> Claim | None:
    """What a rule claims first; None where it begins with something else."""
    try:
        rule(_Beginning(ids, now_ms, date_ms))
    except _Begun as begun:
        return begun.claim
    except Exception:  # noqa: BLE001 - whatever it was, it is met again when the rule runs
        return None
    return None


class _Begun(BaseException):
    """A rule asks for something; no error, which it could take for its own."""

    def __init__(self, claim: Claim | None = None) -> None:
        super().__init__()
        self.claim = claim


class _Beginning:
    """`Tx` up to the first thing that is asked of it."""

    def __init__(self, ids: Ids, now_ms: int, date_ms: int) -> None:
        self.sid, self.secret = ids.sid, ids.secret
        self.now_ms, self.date_ms = now_ms, date_ms

    def claim(self, sql: str, params: Mapping[str, Any]) -> NoReturn:
        raise _Begun(Claim(sql, params))

    def one(self, sql: str, params: Mapping[str, Any]) -> NoReturn:
        raise _Begun

    all = claim_all = run = count = one

    def lock(self, name: str) -> NoReturn:
        raise _Begun

    def saw(self, root_sid: str, counter: int) -> NoReturn:
        raise _Begun

    def emit(self, fact: Fact) -> NoReturn:
        raise _Begun
