"""Judges Access Tokens (`protocol/tokens.md`, Checks)."""

import hashlib
from collections.abc import Callable, Collection
from functools import partial

from tsock import dictionary
from tsock.accounts.caller import Caller
from tsock.accounts.directory import Directory
from tsock.settings import Settings
from tsock.tokens.checks import CHECKS, TOO_LARGE, Check
from tsock.tokens.examination import Examination
from tsock.tokens.report import WHOLE, Effort, Report, report, unread

BAD_ISSUER = 20103
"""What every fault of account and key is answered with: from outside they are one."""

_SEARCHED_TOKENS = 2
"""A refused text is searched for a token as far as so many of the largest tokens reach."""
_LIKELY_TRIALS = 100
"""Secrets tried where time is short: Auth Tokens and SIDs as they are, the key's with blanks or quotes."""


class Refusal:
    """Why a token was refused, as the client is told it; the full story only when asked for."""

    __slots__ = ("_check", "_tell", "_text")

    def __init__(self, check: Check, text: str | None, tell: Callable[[int], Report]) -> None:
        """`text` is None when it was too large to be kept."""
        self._check = check
        self._text = text
        self._tell = tell

    @property
    def code(self) -> int:
        """The number in the error dictionary; on the wire always with status 401."""
        return self._check.code

    @property
    def cause(self) -> str:
        """Id of the check that failed."""
        return self._check.id

    @property
    def title(self) -> str:
        """Public text, the same for every cause of a code."""
        return dictionary.title(self._check.code)

    @property
    def digest(self) -> str | None:
        """SHA-256 of the token's text in hex; names the token in records, which never hold it."""
        return None if self._text is None else hashlib.sha256(self._text.encode()).hexdigest()

    def report(self, *, thorough: bool) -> Report:
        """Every check of the token, for the operator: the account's secrets were tried to explain it.

        What is not `thorough` tries the likely mistakes alone.
        """
        return self._tell(WHOLE.trials_max if thorough else _LIKELY_TRIALS)

    def __repr__(self) -> str:
        return f"Refusal({self.code}, {self.cause!r})"


class Examiner:
    """Judges tokens against the directory: the only place that decides."""

    def __init__(self, directory: Directory, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings

    def verify(self, text: str, now_ms: int, *, registered: Collection[str] = ()) -> Caller | Refusal:
        """Who the token speaks for, or why it is refused: the first check that fails decides.

        Args:
            text: the token as the client sent it.
            now_ms: Unix time in milliseconds.
            registered: products that the client registers for; of those that are served here, at least one
                must be granted.
        """
        e = Examination(text, now_ms, registered, self._directory, self._settings)
        for check in CHECKS:
            if check.passes(e):
                continue
            if check is TOO_LARGE:  # whatever is inside, to look at it would take as long as it is large
                return self._unread(text, check.found(e))
            if check.code == BAD_ISSUER:
                e.spend_a_signature()
            return Refusal(check, text, partial(self._refused, text, now_ms, registered, check.code))
        return e.caller

    def unread(self, size_bytes: int) -> Refusal:
        """Refuse the token in an `init` of so many bytes, too many to be kept."""
        return self._unread(None, f"an init of {size_bytes} bytes")

    def _unread(self, text: str | None, found: str) -> Refusal:
        return Refusal(TOO_LARGE, text, lambda _: unread(found, self._settings))

    def _refused(
        self, text: str, now_ms: int, registered: Collection[str], code: int, trials_max: int
    ) -> Report:
        # Anybody can send junk, and as much as fits into a packet: the search in it is bounded.
        e = Examination(text, now_ms, registered, self._directory, self._settings)
        # Nor are an account's secrets tried where its keys are not to be told, and more take longer.
        effort = Effort(trials_max, _SEARCHED_TOKENS * self._settings.token_bytes_max)
        return report(e, lambda sid: code != BAD_ISSUER, effort)

    def examine(
        self,
        text: str,
        now_ms: int,
        *,
        registered: Collection[str] = (),
        may_see: Callable[[str], bool] = lambda sid: False,
    ) -> Report:
        """Every check of a token, or of the token inside a text that has something around it.

        Args:
            text: what was pasted, of any size and kind.
            now_ms: Unix time in milliseconds.
            registered: as for `verify`; the product whose SDK is to be used.
            may_see: whether the asker may see the account with this SID, so that its secrets are tried for
                an explanation.
        """
        return report(Examination(text, now_ms, registered, self._directory, self._settings), may_see)


def examine_alone(text: str, now_ms: int, settings: Settings, registered: Collection[str] = ()) -> Report:
    """The report on a token where no server is asked: what needs its accounts, keys and services is skipped.

    So a denial is one, and an acceptance none.
    """
    return report(Examination(text, now_ms, registered, None, settings), lambda sid: False)


def compare_for_update(old: Caller, new: Caller) -> str | None:
    """What forbids that `new` replaces `old` on a connection; None when nothing does.

    Answers `account`, `identity`, `product` (other grants) or `instance` (another service for one of them).
    """
    if new.account_sid != old.account_sid:
        return "account"
    if new.identity != old.identity:
        return "identity"
    if new.products.keys() != old.products.keys():
        return "product"
    return None if new.products == old.products else "instance"
