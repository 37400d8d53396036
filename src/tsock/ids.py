"""Identifiers and secrets: SIDs (two letters and 32 hex digits), request ids, API key secrets.

All randomness of the server comes through `Ids`, so that a seed replays a run.
"""

import os
import random
import re
from collections.abc import Callable

SID_PATTERN = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
"""What counts as a SID in a path or a unique name."""
_SID_OF_ANY_CASE = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


class Ids:
    """Draws SIDs and secrets.

    Without a seed they come from the operating system's generator and are fit for secrets; with one
    they repeat from run to run, for tests and the ready-made credentials of `tsock dev`.
    """

    def __init__(self, seed: int | str | None = None) -> None:
        self._digits: Callable[[], str] = _drawn
        if seed is not None:
            source = random.Random(seed)  # noqa: S311 - meant to repeat
            self._digits = lambda: f"{source.getrandbits(128):032x}"

    def sid(self, prefix: str) -> str:
        """A fresh SID: `prefix` (two capitals) and 32 lower-case hex digits."""
        return prefix + self._digits()

    def secret(self) -> str:
        """A fresh secret of 32 hex digits (128 bits), as Auth Tokens and key secrets have."""
        return self._digits()


def _drawn() -> str:
    return os.urandom(16).hex()


def canonical_sid(text: str) -> str:
    """A SID with its hex digits in lower case, as REST paths need not have it; other text as it is."""
    return text[:2] + text[2:].lower() if _SID_OF_ANY_CASE.fullmatch(text) else text


def typed_sid(text: str) -> str:
    """The same for what a person typed, whose two letters may be small, too."""
    meant = canonical_sid(text[:2].upper() + text[2:])
    return meant if is_sid(meant) else text


def is_sid(text: str, prefix: str | tuple[str, ...] = "") -> bool:
    """Whether `text` has the form of a SID: of a kind, of one of some, or of whatever kind."""
    return text.startswith(prefix) and SID_PATTERN.fullmatch(text) is not None
