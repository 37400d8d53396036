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
_PROBE_BYTES = 4096


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
            StoreDown: they are not there, which the first piece tells, also where a later one is missing.
        """
        ...

    async def remove(self, names: Sequence[str]) -> None:
        """Remove blobs for good; those that are not there are none that are left.

        Raises:
            StoreDown: some may be left.
        """
        ...

    @property
    def down(self) -> str | None:
        """Why blobs cannot be stored or read; None while they can. That a single one is lost is no reason."""
        ...

    async def probe(self) -> None:
        """Find out whether blobs can be stored now, which `down` tells then; it does not raise."""
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
        self._probe = folder / f"probe{_PARTIAL}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            for path in folder.glob(f"*{_PARTIAL}"):
                path.unlink()
        except OSError as error:
            raise ConfigError(f"the folder {folder} cannot be used: {error.strerror}") from None
        self._threads = ThreadPoolExecutor(_THREADS, "blobs")
        self._down: str | None = None
        try:
            _probed(self._probe)
        except OSError as error:
            self._failed(error)

    @property
    def down(self) -> str | None:
        """Why the folder cannot be used, as `Blobs.down`."""
        return self._down

    async def probe(self) -> None:
        """Store a small file and remove it, as `Blobs.probe`."""
        try:
            await self._aside(_probed, self._probe)
        except OSError as error:
            if self._down is None:
                self._failed(error)
        else:
            self._works()

    def _works(self) -> None:
        if self._down is not None:
            log.warning("blobs.up", was=self._down)
            self._down = None

    def _failed(self, error: OSError) -> str:
        """Note it for the operator; what the caller is told."""
        log.error("blobs.failed", file=str(error.filename), problem=error.strerror)
        self._down = f"a file could not be stored, read or removed: {error.strerror}"
        return self._down

    @contextmanager
    def _told_as_store_down(self) -> Generator[None]:
        """Tell a failure of the disk to the operator, and to the caller as one of the store."""
        try:
            yield
        except OSError as error:
            raise StoreDown(self._failed(error)) from error

    def close(self) -> None:
        """Finish what was begun."""
        self._threads.shutdown()

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> int:
        """Store what comes in these pieces, as `Blobs.put`."""
        partial = self._folder / f"{name}{_PARTIAL}"
        with self._told_as_store_down():
            file = await self._aside(_created, partial)
            try:
                size = await self._fill(file, pieces)
                await self._aside(_complete, file, partial, self._folder / name)
            except BaseException:
                file.close()  # waits for a write that is under way in a thread
                partial.unlink(missing_ok=True)
                raise
            self._works()
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
        with self._told_as_store_down():
            file = await self._aside(_opened, self._folder / name, start, stop)
            try:
                left = stop - start
                while left:
                    piece = await self._aside(file.read, min(left, PIECE_BYTES))
                    if not piece:
                        raise _lost(name, "shorter than it was")
                    left -= len(piece)
                    yield piece
            finally:
                file.close()

    async def remove(self, names: Sequence[str]) -> None:
        """Remove blobs, as `Blobs.remove`."""
        with self._told_as_store_down():
            await self._aside(_unlink, self._folder, names)

    async def _aside(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do what may wait for the disk off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **named))


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


def _opened(path: Path, start: int, stop: int) -> IO[bytes]:
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        if path.parent.is_dir():
            raise _lost(path.name, "gone") from None
        raise
    if os.fstat(file.fileno()).st_size < stop:
        file.close()
        raise _lost(path.name, "shorter than it was")
    file.seek(start)
    return file


def _lost(name: str, what: str) -> StoreDown:
    """Tell the operator's log; the other files are there."""
    log.error("blobs.lost", blob=name, problem=what)
    return StoreDown(f"the blob {name} is {what}")


def _probed(path: Path) -> None:
    """Fail as storing a file would. It need not get to the disk for that."""
    try:
        path.write_bytes(bytes(_PROBE_BYTES))
    finally:
        path.unlink(missing_ok=True)


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
