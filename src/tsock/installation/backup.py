"""Copies of a data directory: made while a server runs on it, and put back.

A copy holds the database as of one commit, the files that it knows of, and the master key where that is in a
file. It holds no watermark: so whoever starts on it, or on its database put anywhere, begins a new epoch.
"""

import os
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from tsock.accounts.secrets import parse_master_key
from tsock.errors import ConfigError
from tsock.installation import layout
from tsock.storage.sqlite.flaws import flaws

_DRAFT = "restored.partial"
"""In the directory itself, which may be all that its owner can write to, or a file system of its own."""


class Copied(msgspec.Struct, frozen=True):
    """What a copy holds."""

    database_bytes: int
    files: int
    """Of conversations."""
    missing: int
    """Files of conversations that the database has records of and that were not there."""
    has_key: bool
    """Whether the master key is in it."""


def back_up(data: Path, key_file: Path, target: Path) -> Copied:
    """Copy `data` to `target`, a directory that does not exist; whole, or not at all.

    Raises:
        ConfigError: there is something at `target`, the database is damaged, or the disk refuses.
    """
    if target.exists():
        raise ConfigError(f"{target} exists already: name a directory that does not")
    draft = target.with_name(f"{target.name}.partial")
    with _whole(data, draft, target):
        draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(data / layout.DATABASE)) as database:
            made = _fill(draft, data, database, key_file)
        draft.rename(target)
    return made


@contextmanager
def put_back(source: Path, data: Path, *, is_key_elsewhere: bool) -> Generator[tuple[Path, Copied]]:
    """Copy what `back_up` made, or another data directory, to `data`, which holds nothing yet.

    Within this the copy is in a directory of its own, for whoever opens it before it is what `data` holds;
    if that fails, nothing is left in `data`.

    Args:
        source: the copy; nothing of it changes, but for the index of a log beside its database.
        data: the directory.
        is_key_elsewhere: whether the master key is given otherwise than by a file in the copy.

    Raises:
        ConfigError: `source` is no copy, or damaged, or lacks its key; `data` holds something, or the disk
            refuses.
    """
    path, key_file = source / layout.DATABASE, source / layout.MASTER_KEY
    if not path.is_file():
        raise ConfigError(f"{source} holds no {layout.DATABASE}: name a directory that `tsock backup` made")
    draft = data / _DRAFT
    if data.exists() and any(each != draft for each in data.iterdir()):
        raise ConfigError(f"{data} is not empty: move away what is in it, or name another directory")
    is_new = not data.exists()
    try:
        with _whole(source, draft, data):
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            data.chmod(0o700)
            with closing(_unchanged(path)) as database:
                made = _fill(draft, source, database, key_file)
            if not is_key_elsewhere:
                _check_key(draft / layout.DATABASE, key_file)
            yield draft, made
            for each in sorted(draft.iterdir(), key=lambda each: each.name == layout.DATABASE):
                each.rename(data / each.name)  # the database last, without which no server starts
            draft.rmdir()
            _sync(data)
    except BaseException:
        if is_new and data.exists() and not any(data.iterdir()):
            data.rmdir()
        raise


@contextmanager
def _whole(source: Path, draft: Path, target: Path) -> Generator[None]:
    """Leave no draft behind where something fails, nor take one for begun that was left by a crash."""
    try:
        shutil.rmtree(draft, ignore_errors=True)
        yield
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"{source} could not be copied to {target}: {error}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fill(draft: Path, source: Path, database: sqlite3.Connection, key_file: Path) -> Copied:
    """Copy everything to `draft`, which is made, the database as of one commit."""
    media = draft / layout.MEDIA
    media.mkdir(mode=0o700, parents=True)
    draft.chmod(0o700)
    # Before the database and behind it: what is uploaded meanwhile is there, and what is removed as well.
    _copy_files(source / layout.MEDIA, media)
    copy = draft / layout.DATABASE
    _copy_database(database, copy, source / layout.DATABASE)
    _copy_files(source / layout.MEDIA, media)
    there = {path.name for path in media.iterdir()}
    recorded, loose = _rows(copy, "chat_media", "blob"), _rows(copy, "chat_loose_blobs", "blob")
    for name in there - recorded - loose:
        (media / name).unlink()
    _copy_one(key_file, draft / layout.MASTER_KEY)
    _copy_one(source / layout.DEV, draft / layout.DEV)
    _sync(draft)
    return Copied(
        database_bytes=copy.stat().st_size,
        files=len(there & (recorded | loose)),
        missing=len(recorded - there),
        has_key=(draft / layout.MASTER_KEY).exists(),
    )


def _unchanged(path: Path) -> sqlite3.Connection:
    """Read a database and its log, if there is one, and leave both as they are."""
    has_log = path.with_name(f"{path.name}-wal").exists()
    # Without a log nobody has it open: so it can be read from where nothing can be written.
    how = "mode=ro" if has_log else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)


def _copy_database(database: sqlite3.Connection, target: Path, path: Path) -> None:
    """Copy what is at `path`, as of one commit, and make sure that it is a sound database of tsock."""
    try:
        with closing(sqlite3.connect(target)) as copy:
            database.backup(copy)
        found = flaws(target)
    except sqlite3.OperationalError:  # of the disk
        raise
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    if found:
        raise ConfigError(
            f"the database {path} is damaged ({found[0]}): a copy of it is of no use; keep your older "
            "copies, and restore one of them"
        )
    target.chmod(0o600)
    if not _rows(target, "schema_version", "version"):
        raise ConfigError(f"the database {path} is empty: name the directory of another copy")


def _rows(database: Path, table: str, column: str) -> set[str]:
    """What is in a column; nothing where an older version knew no such table."""
    with closing(sqlite3.connect(database)) as copy:
        if copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is None:
            return set()
        return {value for (value,) in copy.execute(f"SELECT {column} FROM {table}")}


def _check_key(database: Path, key_file: Path) -> None:
    if key_file.exists():
        parse_master_key(key_file.read_text("ascii", errors="replace"), str(key_file))
    elif _rows(database, "master_key", "check_value"):
        raise ConfigError(
            f"the master key is missing: {key_file} does not exist, but it sealed the secrets in the copy; "
            "put it there, or give the key in TSOCK_MASTER_KEY"
        )


def _copy_files(source: Path, target: Path) -> None:
    """Copy those that are not there yet; they never change, but may go."""
    if not source.is_dir():
        return
    for path in source.iterdir():
        if not (target / path.name).exists():
            _copy_one(path, target / path.name)


def _copy_one(source: Path, target: Path) -> None:
    """Copy a file, if it is there, for its owner only."""
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        return
    target.chmod(0o600)


def _sync(folder: Path) -> None:
    """Wait until everything in it is on the disk."""
    for path in (folder, *folder.rglob("*")):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
