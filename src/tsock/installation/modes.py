"""Who else may change data, by the modes of their files and of the directories above them."""

import shlex
import stat
from pathlib import Path

import msgspec

from tsock.installation import layout

_GROUP_OR_OTHERS = 0o022
_OTHERS = 0o002


class Exposed(msgspec.Struct, frozen=True):
    """A place that others may write to, and so change or replace data."""

    path: Path
    mode: int
    fix: str
    """The command that ends it."""

    @property
    def whose(self) -> str:
        """Who may write there."""
        return "everybody" if self.mode & _OTHERS else "its group"


def exposed(data: Path) -> Exposed | None:
    """The first place at which others may change data; the directory need not be there yet.

    Whoever may write to a directory may put something else in the place of what lies in it, unless it has the
    sticky bit. Above the data groups are let through: many systems give each user one of its own.
    """
    databases = sorted(data.glob(f"{layout.DATABASE}*"))
    for path in (data, *databases, data / layout.MEDIA, data / layout.WATERMARK):
        mode = _mode(path)
        if mode & _GROUP_OR_OTHERS:
            return _exposed(path, mode, "700" if path == data else "go-w")
    for path in dict.fromkeys((*data.absolute().parents, *data.resolve().parents)):
        mode = _mode(path)
        if mode & _OTHERS and not mode & stat.S_ISVTX:
            return _exposed(path, mode, "o-w")
    return None


def _mode(path: Path) -> int:
    """None of its bits where it is not there, or not to be seen."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def _exposed(path: Path, mode: int, change: str) -> Exposed:
    return Exposed(path, mode, shlex.join(("chmod", change, str(path))))
