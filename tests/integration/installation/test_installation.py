"""A data directory and what makes it unusable; the operator is told what to do."""

import os
import sqlite3
import stat
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tsock.accounts.accounts import create_account
from tsock.accounts.principal import OPERATOR
from tsock.accounts.records import Account
from tsock.assembly import opened
from tsock.clock import Clock
from tsock.errors import ConfigError
from tsock.ids import Ids
from tsock.installation.installation import Installation
from tsock.installation.lock import DirectoryInUse
from tsock.settings import Loaded, Settings
from tsock.storage.store import written

KEY, OTHER_KEY = "0a" * 32, "0b" * 32


def opening(
    data: Path,
    environ: Mapping[str, str] | None = None,
    seed: int = 1,
    *,
    is_restored: bool = False,
    **settings: Any,
) -> Any:
    loaded = Loaded(Settings(**settings), {})
    return opened(data, loaded, environ or {}, Clock(), Ids(seed), is_restored=is_restored)


async def refusal(data: Path, environ: Mapping[str, str] | None = None, **settings: Any) -> str:
    """Why it could not be opened; an attempt leaves the directory free."""
    with pytest.raises(ConfigError) as refused:
        async with opening(data, environ, **settings):
            raise AssertionError("it was opened")
    assert not isinstance(refused.value, DirectoryInUse)
    return str(refused.value)


async def account_of(opened: Installation) -> Account:
    return await written(opened.store, lambda tx: create_account(tx, opened.vault, by=OPERATOR))


async def test_first_start_makes_the_directory_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "some" / "where"
    async with opening(data) as opened:
        assert opened.data == data
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "master.key").stat().st_mode) == 0o600
        assert opened.master_key == str(data / "master.key")


async def test_later_start_finds_everything_as_it_was(tmp_path: Path) -> None:
    async with opening(tmp_path) as opened:
        account = await account_of(opened)
        secret = opened.directory.auth_token(account)
        data_set = opened.data_set
    async with opening(tmp_path, seed=2) as again:
        assert again.directory.account(account.sid) == account
        assert again.directory.auth_token(account) == secret
        assert again.data_set == data_set


async def test_other_directory_is_another_set_of_data(tmp_path: Path) -> None:
    async with opening(tmp_path / "a") as one, opening(tmp_path / "b", seed=2) as other:
        assert one.data_set != other.data_set


async def test_directory_takes_in_a_record_before_whoever_asked_hears_of_it(tmp_path: Path) -> None:
    async with opening(tmp_path) as opened:
        account = await account_of(opened)
        assert opened.directory.account(account.sid) == account


async def test_second_process_is_refused_and_told_who_owns_the_directory(tmp_path: Path) -> None:
    async with opening(tmp_path):
        with pytest.raises(DirectoryInUse) as refused:
            async with opening(tmp_path):
                raise AssertionError("it was opened twice")
    assert str(refused.value) == (
        f"the data directory {tmp_path} is in use by another tsock (process {os.getpid()}): "
        "stop that one, or choose another directory with --data"
    )
    async with opening(tmp_path):
        pass


async def test_lock_left_by_a_process_that_was_killed_is_none(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4194304\n")
    async with opening(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


async def test_key_may_come_from_the_environment_and_then_no_file_is_made(tmp_path: Path) -> None:
    async with opening(tmp_path, {"TSOCK_MASTER_KEY": KEY}) as opened:
        assert opened.master_key == "TSOCK_MASTER_KEY"
        await account_of(opened)
    assert not (tmp_path / "master.key").exists()


async def test_key_may_lie_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere"
    async with opening(tmp_path / "data", master_key_file=str(path)) as opened:
        assert opened.master_key == str(path)
    assert path.exists()
    assert not (tmp_path / "data" / "master.key").exists()


async def test_wrong_master_key_is_refused_and_the_right_one_still_fits(tmp_path: Path) -> None:
    async with opening(tmp_path, {"TSOCK_MASTER_KEY": KEY}) as opened:
        account = await account_of(opened)
        secret = opened.directory.auth_token(account)
    said = await refusal(tmp_path, {"TSOCK_MASTER_KEY": OTHER_KEY})
    assert said.startswith("the master key is not the one that sealed this data: give TSOCK_MASTER_KEY")
    assert OTHER_KEY not in said
    async with opening(tmp_path, {"TSOCK_MASTER_KEY": KEY}) as opened:
        assert opened.directory.auth_token(account) == secret


@pytest.mark.parametrize("key", ["short", "zz" * 32, "0a" * 31, "0a" * 33])
async def test_text_that_is_no_key_is_refused_without_repeating_it(tmp_path: Path, key: str) -> None:
    said = await refusal(tmp_path, {"TSOCK_MASTER_KEY": key})
    assert said == (
        "TSOCK_MASTER_KEY holds no master key: expected 64 hex digits or base64 of 32 bytes, "
        f"found a text of {len(key)} characters"
    )


async def test_missing_key_file_of_a_sealed_store_is_refused_and_not_made_anew(tmp_path: Path) -> None:
    async with opening(tmp_path):
        pass
    path = tmp_path / "master.key"
    kept = path.rename(tmp_path / "backup")
    said = await refusal(tmp_path)
    assert said.startswith(f"the master key is missing: {path} does not exist")
    assert not path.exists()
    kept.rename(path)
    async with opening(tmp_path):
        pass


async def test_key_file_that_a_group_can_read_is_refused(tmp_path: Path) -> None:
    async with opening(tmp_path):
        pass
    path = tmp_path / "master.key"
    path.chmod(0o640)
    said = await refusal(tmp_path)
    assert said.startswith(f"{path} can be read by others (mode 0640): expected 0600; run chmod 600 {path}")


async def test_key_file_that_holds_no_key_is_refused(tmp_path: Path) -> None:
    async with opening(tmp_path):
        pass
    path = tmp_path / "master.key"
    path.write_bytes(b"\xff" * 10)
    assert (await refusal(tmp_path)).startswith(f"{path} holds no master key: expected 64 hex digits")


@pytest.mark.parametrize("place", ["no/such/directory/key", "directory"])
async def test_key_file_that_cannot_be_made_or_read_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "directory").mkdir(mode=0o700)
    path = tmp_path / place
    said = await refusal(tmp_path / "data", master_key_file=str(path))
    assert said.startswith(f"the master key file {path} cannot be used: ")


async def test_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert (
        await refusal(tmp_path / "file")
        == f"the data directory {tmp_path / 'file'} cannot be made: File exists"
    )
    below = tmp_path / "file" / "below"
    assert (await refusal(below)).startswith(f"the data directory {below} cannot be made: ")


async def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tsock.db"
    path.write_bytes(b"this is no database" * 100)
    assert (await refusal(tmp_path)).startswith(f"the database {path} cannot be opened (")
    assert path.read_bytes() == b"this is no database" * 100


def _put(data: Path, made: Callable[[sqlite3.Connection], None], *, but_for: str = "") -> bytes:
    """Put a database in place of what is there and remove a file; the content of that database."""
    for path in (*data.glob("tsock.db*"), data / (but_for or "nothing")):
        path.unlink(missing_ok=True)
    with closing(sqlite3.connect(data / "tsock.db")) as database, database:
        made(database)
    return (data / "tsock.db").read_bytes()


def _nothing(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE dropped (x)")
    database.execute("DROP TABLE dropped")


def _foreign(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE notes (x)")


def _foreign_with_a_version(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE schema_version (version)")
    database.execute("INSERT INTO schema_version VALUES (3)")


def _begun(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE schema_version (version)")


@pytest.mark.parametrize("made", [_nothing, _foreign, _foreign_with_a_version, _begun])
@pytest.mark.parametrize("witness", ["master.key", "watermark"])
async def test_database_without_our_tables_is_refused_where_there_was_one(
    tmp_path: Path, made: Callable[[sqlite3.Connection], None], witness: str
) -> None:
    async with opening(tmp_path) as opened:
        await account_of(opened)
    before = _put(tmp_path, made, but_for="watermark" if witness == "master.key" else "master.key")

    told = await refusal(tmp_path)

    assert f"{witness} is there, so there was one" in told
    assert "tsock restore" in told
    assert (tmp_path / "tsock.db").read_bytes() == before


@pytest.mark.parametrize("made", [_nothing, _begun])
async def test_first_start_that_was_cut_off_is_made_again(
    tmp_path: Path, made: Callable[[sqlite3.Connection], None]
) -> None:
    _put(tmp_path, made)

    async with opening(tmp_path) as opened:
        await account_of(opened)


@pytest.mark.parametrize("made", [_foreign, _foreign_with_a_version])
async def test_database_of_another_program_is_left_alone(
    tmp_path: Path, made: Callable[[sqlite3.Connection], None]
) -> None:
    before = _put(tmp_path, made)

    assert "another program's" in await refusal(tmp_path)
    assert (tmp_path / "tsock.db").read_bytes() == before


async def test_data_of_a_newer_version_are_refused_and_left_alone(tmp_path: Path) -> None:
    async with opening(tmp_path) as opened:
        account = await account_of(opened)
    with sqlite3.connect(tmp_path / "tsock.db") as database:
        database.execute("INSERT INTO schema_compatibility (version) VALUES (9999)")
    database.close()
    said = await refusal(tmp_path)
    assert said.startswith("the database needs a tsock that knows schema version 9999, and this one knows ")
    with sqlite3.connect(tmp_path / "tsock.db") as database:
        database.execute("DELETE FROM schema_compatibility WHERE version = 9999")
    database.close()
    async with opening(tmp_path) as opened:
        assert opened.directory.account(account.sid) == account
