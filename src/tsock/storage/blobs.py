"""Files of any size beside the database: what media consist of.

A blob is written once, read in pieces, and removed; it never changes. `FileBlobs` keeps each as a file;
whatever stores objects by name can stand in its place.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ParamSpec, Protocol, TypeVar

import structlog

from tsock.errors import ConfigError, StoreDown

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)

PIECE_BYTES = 256 * 1024
"""What is handed to the disk, or read from it, at once."""

_UNSYNCED_BYTES_MAX = 8 * 1024 * 1024
"""The disk is waited for so often that a commit of the store never waits for a whole file."""

_PARTIAL = ".part"
_THREADS = 4


class Blobs(Protocol):
    """Stores bytes by name. Names are the caller's: hex digits, and never used twice."""

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> int:
        """Store what comes in these pieces; how many bytes that was. They survive a loss of power.

        If it fails, whatever the reason, or is cancelled, nothing is left. What `pieces` raises is passed on.

        Raises:
            StoreDown: it could not be stored.
        """
        ...

    def read(self, name: str, start: int, stop: int) -> AsyncGenerator[bytes]:
        """The bytes from `start` to before `stop`, in pieces.

        Raises:
            StoreDown: they are not there.
        """
        ...

    async def remove(self, names: Sequence[str]) -> None:
        """Remove blobs for good; those that are not there are none that are left.

        Raises:
            StoreDown: some may be left.
        """
        ...

    def close(self) -> None:
        """Finish what was begun."""
        ...


class FileBlobs:
    """Each blob is a file in one folder, which is this process's alone."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, and sweep what a process that was killed has left half-written.

        Raises:
            ConfigError: it cannot be used.
        """
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            for path in folder.glob(f"*{_PARTIAL}"):
                path.unlink()
        except OSError as error:
            raise ConfigError(f"the folder {folder} cannot be used: {error.strerror}") from None
        self._threads = ThreadPoolExecutor(_THREADS, "blobs")

    def close(self) -> None:
        """Finish what was begun."""
        self._threads.shutdown()

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> int:
        """Store what comes in these pieces, as `Blobs.put`."""
        partial = self._folder / f"{name}{_PARTIAL}"
        with _told_as_store_down():
            file = await self._aside(_created, partial)
            try:
                size = await self._fill(file, pieces)
                await self._aside(_complete, file, partial, self._folder / name)
            except BaseException:
                file.close()  # waits for a write that is under way in a thread
                partial.unlink(missing_ok=True)
                raise
            return size

    async def _fill(self, file: IO[bytes], pieces: AsyncIterator[bytes]) -> int:
        size = synced = held = 0
        waiting: list[bytes] = []
        async for piece in pieces:
            waiting.append(piece)
            held += len(piece)
            if held >= PIECE_BYTES:
                size += held
                sync = size - synced >= _UNSYNCED_BYTES_MAX
                synced = size if sync else synced
                await self._aside(_append, file, waiting, sync=sync)
                waiting, held = [], 0
        await self._aside(_append, file, waiting, sync=False)
        return size + held

    async def read(self, name: str, start: int, stop: int) -> AsyncGenerator[bytes]:
        """Some of a blob, as `Blobs.read`; a file that is removed meanwhile is read to its end."""
        with _told_as_store_down():
            file = await self._aside(_opened, self._folder / name, start)
            try:
                left = stop - start
                while left:
                    piece = await self._aside(file.read, min(left, PIECE_BYTES))
                    if not piece:
                        raise StoreDown(f"the blob {name} is shorter than it was")
                    left -= len(piece)
                    yield piece
            finally:
                file.close()

    async def remove(self, names: Sequence[str]) -> None:
        """Remove blobs, as `Blobs.remove`."""
        with _told_as_store_down():
            await self._aside(_unlink, self._folder, names)

    async def _aside(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do what may wait for the disk off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **named))


@contextmanager
def _told_as_store_down() -> Generator[None]:
    """Tell a failure of the disk to the operator's log, and to the caller as one of the store."""
    try:
        yield
    except OSError as error:
        log.exception("blobs.failed", file=str(error.filename), problem=error.strerror)
        problem = f"a file could not be stored, read or removed: {error.strerror}"
        raise StoreDown(problem) from error


def _created(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _append(file: IO[bytes], pieces: Sequence[bytes], *, sync: bool) -> None:
    file.write(b"".join(pieces))
    file.flush()
    if sync:
        os.fdatasync(file.fileno())


def _complete(file: IO[bytes], partial: Path, final: Path) -> None:
    os.fsync(file.fileno())
    file.close()
    partial.rename(final)
    _sync_folder(final.parent)


def _opened(path: Path, start: int) -> IO[bytes]:
    file = path.open("rb", buffering=0)
    file.seek(start)
    return file


def _unlink(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
