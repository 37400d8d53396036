"""The file that holds the master key: made at the first start, readable by its owner only."""

import base64
import os
import stat
from pathlib import Path

from tsock.errors import ConfigError
from tsock.installation import layout
from tsock.settings import Settings


def key_file(data: Path, settings: Settings) -> Path:
    """Where it is, of a data directory."""
    return Path(settings.master_key_file) if settings.master_key_file else data / layout.MASTER_KEY


def read_key_file(path: Path, *, fresh: bytes | None) -> str:
    """The text of the key file; without a file, one is made that holds `fresh`.

    Args:
        path: the file.
        fresh: 32 random bytes for a new file; None when there must be one already, because secrets in the
            store were sealed with the key it holds.

    Raises:
        ConfigError: others than the owner may read the file; it is missing and must not be made anew; or it
            cannot be made or read.
    """
    try:
        return _read(path, fresh)
    except OSError as error:
        raise ConfigError(
            f"the master key file {path} cannot be used: {error.strerror}; "
            "name another one, or give the key in TSOCK_MASTER_KEY"
        ) from None


def _read(path: Path, fresh: bytes | None) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if fresh is None:
            raise ConfigError(
                f"the master key is missing: {path} does not exist, but it sealed the secrets in the store; "
                "restore the file, or give the key in TSOCK_MASTER_KEY"
            ) from None
        _write(path, base64.b64encode(fresh) + b"\n")
        return path.read_text("ascii")
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(
            f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}): expected 0600; "
            f"run chmod 600 {path}, and replace the key if it may have been seen"
        )
    return path.read_text("ascii", errors="replace")


def _write(path: Path, content: bytes) -> None:
    """Write it so that after a loss of power the file is there whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 (it is open already)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
