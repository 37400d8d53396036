"""One process owns a data directory: an advisory lock that ends with the process, however it ends."""

import fcntl
import os
from pathlib import Path

from tsock.errors import ConfigError
from tsock.installation import layout


class DirectoryInUse(ConfigError):
    """Another process owns the data directory."""


class DataLock:
    """Holds the lock file of a data directory.

    Raises:
        DirectoryInUse: another process holds it; the text names its process id.
        ConfigError: the directory cannot be written to, or cannot be locked.
    """

    def __init__(self, data: Path) -> None:
        try:
            self._file = os.open(data / layout.LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._file, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise DirectoryInUse(
                f"the data directory {data} is in use by another tsock (process {owner}): "
                "stop that one, or choose another directory with --data"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"the data directory {data} cannot be used: {error.strerror} ({layout.LOCK}); it must be a "
                "directory of its owner, on a file system with locks"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the directory up."""
        os.close(self._file)
