"""Where running servers are found: a link for each port, from a directory of the user to the data.

So `tsock why DN…` finds the ephemeral server of a `tsock dev` in another terminal.
"""

import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tsock.errors import ConfigError


def link(port: int) -> Path:
    """The link to the data directory of the server on `port`, whether there is one or not.

    Raises:
        ConfigError: the directory of links belongs to somebody else, who could have put false ones there.
    """
    given = os.environ.get("XDG_RUNTIME_DIR")
    links = Path(given) / "tsock" if given else Path(tempfile.gettempdir()) / f"tsock-{os.getuid()}"
    try:
        links.mkdir(mode=0o700, exist_ok=True)
        status = links.lstat()
    except OSError as error:
        raise ConfigError(
            f"the directory {links} cannot be made: {error.strerror}; "
            "set XDG_RUNTIME_DIR to a directory that you own"
        ) from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise ConfigError(
            f"{links} is not a directory that only you can use: remove it, "
            "or set XDG_RUNTIME_DIR to a directory that you own"
        )
    return links / str(port)


@contextmanager
def announced(port: int, data: Path) -> Generator[None]:
    """Let commands find the server on `port` by that number."""
    path = link(port)
    for other in path.parent.iterdir():
        if not other.exists():  # of a server that was killed, to data that are gone
            other.unlink(missing_ok=True)
    draft = path.with_name(f"{port}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(data.absolute())
    draft.replace(path)
    try:
        yield
    finally:
        if path.is_symlink() and path.readlink() == data.absolute():
            path.unlink()
