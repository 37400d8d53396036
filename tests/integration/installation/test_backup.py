"""Copies of a data directory, and what a start makes of one."""

import shutil
import stat
from pathlib import Path

import pytest

from tests.integration.installation.test_installation import account_of, opening, refusal
from tsock.conversations import media
from tsock.errors import ConfigError
from tsock.installation.backup import back_up, put_back
from tsock.storage.store import written

KEY = "0a" * 32


async def copied(data: Path, target: Path) -> str:
    """A copy of a directory with an account and a file; the name of its data set."""
    async with opening(data) as opened:
        await account_of(opened)
        back_up(data, data / "master.key", target)
        return opened.data_set


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
    put_back(tmp_path / "copy", tmp_path / "back")
    assert (tmp_path / "back" / "media" / "known").read_text() == "known"


async def test_copy_overwrites_nothing(tmp_path: Path) -> None:
    await copied(tmp_path / "data", tmp_path / "copy")
    with pytest.raises(ConfigError, match="exists already"):
        back_up(tmp_path / "data", tmp_path / "data" / "master.key", tmp_path / "copy")
    with pytest.raises(ConfigError, match="is not empty"):
        put_back(tmp_path / "copy", tmp_path / "data")
    with pytest.raises(ConfigError, match=r"holds no tsock\.db"):
        put_back(tmp_path, tmp_path / "other")


async def test_start_on_a_copy_begins_a_new_epoch_once(tmp_path: Path) -> None:
    first = await copied(tmp_path / "data", tmp_path / "copy")
    put_back(tmp_path / "copy", tmp_path / "back")
    async with opening(tmp_path / "back", seed=2) as opened:
        second = opened.data_set
        assert opened.directory.accounts()
    async with opening(tmp_path / "back", seed=3) as opened:
        assert opened.data_set == second != first


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
