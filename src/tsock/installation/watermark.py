"""How far the database of a directory has come, noted beside it: one that has come less far is an older copy.

The database says the same of itself (`storage/progress.py`). A commit says it first, and the note follows; so
the note never is ahead of a database that is the directory's own, however its process ended.
"""

import contextlib
import os
from pathlib import Path

from tsock.errors import ConfigError
from tsock.storage.sqlite.migrate import whose_schema


class Watermark:
    """The note; without one the database came here by itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.date_ms: int | None = None
        """The date of the latest commit that was noted; None without a note that says it."""
        self._file: int | None = None
        with contextlib.suppress(OSError, ValueError):  # what cannot be understood says nothing
            self.date_ms = int(path.read_bytes())

    def note(self, date_ms: int) -> None:
        """Note how far the database has come; the first time, the file is made."""
        if self._file is None:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(self._file, b"%020d\n" % date_ms, 0)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)


def check_is_there(database: Path, *witnesses: Path) -> None:
    """Make sure that a directory which had a database still has it.

    Args:
        database: its file.
        witnesses: files that are made once there is one.

    Raises:
        ConfigError: it is missing, or holds nothing of tsock's, and one of those is there; or it is another
            program's.
    """
    state = _state(database)
    if state is None:
        return
    witness = next((path for path in witnesses if path.exists()), None)
    if witness is not None:
        raise ConfigError(
            f"the database {database} {state}, but {witness} is there, so there was one: put back a copy "
            f"with `tsock restore COPY --data DIR`, into an empty directory; or move {witness} away to begin "
            "with an empty server"
        )
    if state == _FOREIGN:
        raise ConfigError(f"the database {database} {state}: move it away, or name another directory")


_FOREIGN = "is not one of tsock, but another program's"


def _state(database: Path) -> str | None:
    """What is wrong with it, unless it holds something of ours."""
    if not database.exists():
        return "is missing"
    if not database.stat().st_size:
        return "is empty"
    whose = whose_schema(database)
    if whose == "none":
        return f"holds no tables (they may have been in {database.name}-wal, which belongs to it)"
    return _FOREIGN if whose == "foreign" else None
