"""Files beside the database: whole or not there, however their writing ends."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tsock.errors import ConfigError, StoreDown
from tsock.storage import blobs as module
from tsock.storage.blobs import PIECE_BYTES, FileBlobs

NAME = "0123456789abcdef" * 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
async def blobs(folder: Path) -> AsyncIterator[FileBlobs]:
    made = FileBlobs(folder)
    yield made
    made.close()


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def number(path: Path) -> int:
    return path.stat().st_ino


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(blobs: FileBlobs, start: int, stop: int) -> list[bytes]:
    return [piece async for piece in blobs.read(NAME, start, stop)]


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"",),
        (b"hello",),
        (b"hel", b"", b"lo"),
        (b"x" * (PIECE_BYTES - 1), b"y", b"z"),
        (b"x" * (3 * PIECE_BYTES),),
        tuple(bytes([number]) * 1000 for number in range(250)) * 5,
    ],
    ids=range(7),
)
async def test_blob_is_what_came_however_it_was_cut(blobs: FileBlobs, parts: tuple[bytes, ...]) -> None:
    whole = b"".join(parts)
    assert await blobs.put(NAME, pieces(*parts)) == len(whole)
    found = await read(blobs, 0, len(whole))
    assert b"".join(found) == whole
    assert all(len(piece) <= PIECE_BYTES for piece in found)


async def test_part_of_a_blob_is_read(blobs: FileBlobs) -> None:
    await blobs.put(NAME, pieces(b"a" * PIECE_BYTES, b"bcd"))
    assert await read(blobs, PIECE_BYTES - 1, PIECE_BYTES + 2) == [b"abc"]
    assert await read(blobs, 5, 5) == []


async def test_file_is_for_its_owner_alone(blobs: FileBlobs, folder: Path) -> None:
    await blobs.put(NAME, pieces(b"secret"))
    assert mode(folder) == 0o700
    assert mode(folder / NAME) == 0o600


async def test_file_then_its_name_are_on_the_disk_before_it_is_told(
    blobs: FileBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []
    fsync = os.fsync

    def noted(file: int) -> None:
        fsync(file)
        synced.append((os.fstat(file).st_ino, (folder / NAME).exists()))

    monkeypatch.setattr(os, "fsync", noted)
    await blobs.put(NAME, pieces(b"x"))
    assert synced == [(number(folder / NAME), False), (number(folder), True)]


async def test_long_file_is_synced_on_its_way(blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_UNSYNCED_BYTES_MAX", 2 * PIECE_BYTES)
    sizes: list[int] = []
    fdatasync = os.fdatasync

    def noted(file: int) -> None:
        fdatasync(file)
        sizes.append(os.fstat(file).st_size // PIECE_BYTES)

    monkeypatch.setattr(os, "fdatasync", noted)
    await blobs.put(NAME, pieces(*[b"x" * PIECE_BYTES] * 7))
    assert sizes == [2, 4, 6]


class Interrupted(Exception):
    pass


async def test_upload_that_breaks_off_leaves_nothing(blobs: FileBlobs, folder: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * PIECE_BYTES
        assert names(folder) == [f"{NAME}.part"]
        raise Interrupted

    with pytest.raises(Interrupted):
        await blobs.put(NAME, broken())
    assert names(folder) == []


async def test_upload_that_is_cancelled_leaves_nothing(blobs: FileBlobs, folder: Path) -> None:
    begun, for_ever = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * PIECE_BYTES
        begun.set()
        await for_ever.wait()

    task = asyncio.create_task(blobs.put(NAME, endless()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(folder) == []


async def test_full_disk_is_told_as_a_store_that_is_down(
    blobs: FileBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: object, parts: object, *, sync: bool) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_append", full)
    with capture_logs() as logs, pytest.raises(StoreDown, match="No space left"):
        await blobs.put(NAME, pieces(b"x"))
    assert [line["event"] for line in logs] == ["blobs.failed"]
    assert names(folder) == []


async def test_removed_blob_is_read_to_its_end_and_no_more_found(blobs: FileBlobs, folder: Path) -> None:
    await blobs.put(NAME, pieces(b"x" * PIECE_BYTES, b"y"))
    reading = blobs.read(NAME, 0, PIECE_BYTES + 1)
    await anext(reading)
    await blobs.remove([NAME, "f" * 32])
    assert names(folder) == []
    assert [piece async for piece in reading] == [b"y"]
    with capture_logs() as logs, pytest.raises(StoreDown, match="is gone"):
        await read(blobs, 0, 1)
    assert [line["event"] for line in logs] == ["blobs.lost"]
    assert blobs.down is None


async def test_file_that_was_cut_is_told(blobs: FileBlobs, folder: Path) -> None:
    await blobs.put(NAME, pieces(b"hello"))
    os.truncate(folder / NAME, 3)
    assert await read(blobs, 1, 3) == [b"el"]
    with capture_logs() as logs, pytest.raises(StoreDown, match="shorter"):
        await anext(blobs.read(NAME, 0, 5))
    assert [line["event"] for line in logs] == ["blobs.lost"]
    assert blobs.down is None


async def test_folder_that_is_gone_is_told_until_it_is_there_again(
    blobs: FileBlobs, folder: Path, tmp_path: Path
) -> None:
    await blobs.put(NAME, pieces(b"x"))
    await blobs.probe()
    assert blobs.down is None
    move(folder, tmp_path / "away")
    with capture_logs() as logs:
        await blobs.probe()
        await blobs.probe()
        with pytest.raises(StoreDown):
            await read(blobs, 0, 1)
    assert "No such file" in (blobs.down or "")
    assert [line["event"] for line in logs] == ["blobs.failed", "blobs.failed"]
    move(tmp_path / "away", folder)
    with capture_logs() as logs:
        await blobs.probe()
    assert blobs.down is None
    assert [line["event"] for line in logs] == ["blobs.up"]
    assert names(folder) == [NAME]


async def test_file_that_cannot_be_stored_is_told_before_any_probe_until_one_is(
    blobs: FileBlobs, folder: Path, tmp_path: Path
) -> None:
    move(folder, tmp_path / "away")
    with capture_logs(), pytest.raises(StoreDown):
        await blobs.put(NAME, pieces(b"x"))
    assert "No such file" in (blobs.down or "")
    move(tmp_path / "away", folder)
    with capture_logs() as logs:
        await blobs.put(NAME, pieces(b"x"))
    assert blobs.down is None
    assert [line["event"] for line in logs] == ["blobs.up"]


def test_folder_that_takes_no_files_is_told_from_the_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_probed", full)
    with capture_logs():
        made = FileBlobs(folder)
    made.close()
    assert "No space left" in (made.down or "")


def test_start_sweeps_what_a_killed_process_left_half_written(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{NAME}.part").write_bytes(b"half")
    (folder / NAME).write_bytes(b"whole")
    FileBlobs(folder).close()
    assert names(folder) == [NAME]


def test_folder_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("no folder")
    with pytest.raises(ConfigError, match="media"):
        FileBlobs(tmp_path / "media")
