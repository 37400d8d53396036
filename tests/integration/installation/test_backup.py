"""Copies of a data directory, and what a start makes of one."""

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.installation.test_installation import account_of, opening, refusal
from tsock.conversations import media
from tsock.errors import ConfigError
from tsock.installation.backup import Copied, back_up, put_back
from tsock.storage.store import written

KEY = "0a" * 32


async def copied(data: Path, target: Path) -> str:
    """A copy of a directory with an account and a file; the name of its data set."""
    async with opening(data) as opened:
        await account_of(opened)
        back_up(data, data / "master.key", target)
        return opened.data_set


def restored(source: Path, data: Path, *, is_key_elsewhere: bool = False) -> Copied:
    with put_back(source, data, is_key_elsewhere=is_key_elsewhere) as (_, made):
        return made


def contents(directory: Path) -> dict[str, bytes]:
    """What is in the files of a directory, but for SQLite's index of a log."""
    files = (path for path in directory.iterdir() if path.is_file() and path.name != "tsock.db-shm")
    return {path.name: path.read_bytes() for path in files}


async def test_copy_is_made_beside_the_owner_of_the_directory_and_is_private(
    tmp_path: Path,
) -> None:
    await copied(tmp_path / "data", tmp_path / "copy")
    names = {path.name for path in (tmp_path / "copy").iterdir()}
    assert names == {"tsock.db", "master.key", "media"}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "copy").rglob("*")} == {0}
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700
    assert not (tmp_path / "copy.partial").exists()


async def test_copy_holds_the_files_that_its_database_knows_and_no_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with opening(data) as opened:
        for name in ("known", "stray"):
            (data / "media" / name).write_text(name)
        await written(opened.store, lambda tx: media.expect(tx, "known", tx.now_ms))
        made = back_up(data, data / "master.key", tmp_path / "copy")
    assert made.files == 1
    assert [path.read_text() for path in (tmp_path / "copy" / "media").iterdir()] == ["known"]
    restored(tmp_path / "copy", tmp_path / "back")
    assert (tmp_path / "back" / "media" / "known").read_text() == "known"


async def test_copy_overwrites_nothing(tmp_path: Path) -> None:
    await copied(tmp_path / "data", tmp_path / "copy")
    with pytest.raises(ConfigError, match="exists already"):
        back_up(tmp_path / "data", tmp_path / "data" / "master.key", tmp_path / "copy")
    with pytest.raises(ConfigError, match="is not empty"):
        restored(tmp_path / "copy", tmp_path / "data")
    with pytest.raises(ConfigError, match=r"holds no tsock\.db"):
        restored(tmp_path, tmp_path / "other")


async def test_start_on_a_copy_begins_a_new_epoch_once(tmp_path: Path) -> None:
    first = await copied(tmp_path / "data", tmp_path / "copy")
    restored(tmp_path / "copy", tmp_path / "back")
    async with opening(tmp_path / "back", seed=2) as opened:
        second = opened.data_set
        assert opened.directory.accounts()
    async with opening(tmp_path / "back", seed=3) as opened:
        assert opened.data_set == second != first


@pytest.mark.parametrize("log", ["of a crash", "of a crash, without its index", "of a running server"])
async def test_restored_is_what_stands_in_the_log_beside_the_database_too(tmp_path: Path, log: str) -> None:
    data, crashed = tmp_path / "data", tmp_path / "crashed"
    async with opening(data) as opened:
        account = await account_of(opened)
        shutil.copytree(data, crashed, ignore=shutil.ignore_patterns("lock", "control.sock"))
        if log == "of a crash, without its index":
            (crashed / "tsock.db-shm").unlink()
        source = data if log == "of a running server" else crashed
        before = contents(source)
        assert before["tsock.db-wal"]
        restored(source, tmp_path / "back")
        assert contents(source) == before

    async with opening(tmp_path / "back", seed=2) as opened:
        assert opened.directory.account(account.sid) == account


async def test_restoring_leaves_a_copy_as_it_was(tmp_path: Path) -> None:
    await copied(tmp_path / "data", tmp_path / "copy")
    (tmp_path / "copy" / "media").rmdir()
    before = contents(tmp_path / "copy")
    restored(tmp_path / "copy", tmp_path / "back")
    assert contents(tmp_path / "copy") == before
    assert not (tmp_path / "copy" / "tsock.db-shm").exists()


def spoilt(copy: Path) -> None:
    content = bytearray((copy / "tsock.db").read_bytes())
    for at in range(40 * 4096, len(content), 8 * 4096):
        content[at : at + 4096] = b"\xa5" * 4096
    (copy / "tsock.db").write_bytes(content)


def cut_off(copy: Path) -> None:
    content = (copy / "tsock.db").read_bytes()
    (copy / "tsock.db").write_bytes(content[: len(content) // 2 + 100])


def of_something_else(copy: Path) -> None:
    (copy / "tsock.db").write_text("something else" * 1000)


def emptied(copy: Path) -> None:
    (copy / "tsock.db").write_bytes(b"")


def without_key(copy: Path) -> None:
    (copy / "master.key").unlink()


def with_spoilt_key(copy: Path) -> None:
    (copy / "master.key").write_text("spoilt")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (spoilt, r"copy/tsock\.db is damaged"),
        (cut_off, r"copy/tsock\.db is damaged"),
        (of_something_else, r"copy/tsock\.db is damaged \(file is not a database\)"),
        (emptied, r"copy/tsock\.db is empty"),
        (without_key, r"the master key is missing: .*copy/master\.key does not exist"),
        (with_spoilt_key, r"copy/master\.key"),
    ],
)
@pytest.mark.parametrize("is_there", [False, True])
async def test_copy_of_no_use_is_refused_and_leaves_the_target_as_it_was(
    tmp_path: Path, harm: Callable[[Path], None], told: str, *, is_there: bool
) -> None:
    copy, back = tmp_path / "copy", tmp_path / "back"
    await copied(tmp_path / "data", copy)
    harm(copy)
    if is_there:
        back.mkdir()

    with pytest.raises(ConfigError, match=told):
        restored(copy, back)

    assert (list(back.iterdir()) if is_there else back.exists()) == ([] if is_there else False)


async def test_failure_to_open_what_was_put_back_leaves_nothing_of_it(tmp_path: Path) -> None:
    await copied(tmp_path / "data", tmp_path / "copy")
    with (
        pytest.raises(ConfigError, match="another key"),
        put_back(tmp_path / "copy", tmp_path / "back", is_key_elsewhere=True),
    ):
        raise ConfigError("another key")
    assert not (tmp_path / "back").exists()


async def test_restoring_goes_on_where_another_try_was_killed(tmp_path: Path) -> None:
    await copied(tmp_path / "data", tmp_path / "copy")
    (tmp_path / "back" / "restored.partial" / "media").mkdir(parents=True)
    restored(tmp_path / "copy", tmp_path / "back")
    assert {path.name for path in (tmp_path / "back").iterdir()} == {"tsock.db", "master.key", "media"}


async def test_start_on_an_older_database_in_its_own_directory_begins_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = await copied(data, tmp_path / "copy")
    watermark = data / "watermark"
    watermark.write_text(f"{int(watermark.read_text()) + 1}")
    async with opening(data, seed=2) as opened:
        second = opened.data_set
        assert second != first
    for text in ("", "spoilt"):
        watermark.write_text(text)
        async with opening(data, seed=len(text) + 3) as opened:
            assert opened.data_set != second


async def test_start_behind_a_crash_begins_none(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with opening(data) as opened:
        first = opened.data_set
        await account_of(opened)
        shutil.copytree(data, tmp_path / "crashed", ignore=shutil.ignore_patterns("lock"))
    async with opening(tmp_path / "crashed", seed=2) as opened:
        assert opened.data_set == first


async def test_epoch_is_begun_for_whoever_says_that_the_data_were_restored(tmp_path: Path) -> None:
    async with opening(tmp_path) as opened:
        first = opened.data_set
    async with opening(tmp_path, seed=2, is_restored=True) as opened:
        assert opened.data_set != first


@pytest.mark.parametrize("state", ["missing", "empty"])
@pytest.mark.parametrize("key", ["file", "environment"])
async def test_database_that_is_gone_is_not_begun_anew(tmp_path: Path, state: str, key: str) -> None:
    environ = {"TSOCK_MASTER_KEY": KEY} if key == "environment" else {}
    async with opening(tmp_path, environ) as opened:
        await account_of(opened)
    (tmp_path / "tsock.db").unlink()
    if state == "empty":
        (tmp_path / "tsock.db").touch()
    witness = "watermark" if key == "environment" else "master.key"

    for _ in range(2):
        said = await refusal(tmp_path, environ)
        assert f"is {state}, but {tmp_path / witness} is there" in said
        assert "tsock restore" in said

    for name in ("watermark", "master.key"):
        (tmp_path / name).unlink(missing_ok=True)
    async with opening(tmp_path, environ):
        assert not any((tmp_path / "media").iterdir())
