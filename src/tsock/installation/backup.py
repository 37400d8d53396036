"""Copies of a data directory: made while a server runs on it, and put back.

A copy holds the database as of one commit, the files that it knows of, and the master key where that is in a
file. It holds no watermark: so whoever starts on it, or on its database put anywhere, begins a new epoch.
"""

import os
import shutil
import sqlite3
from pathlib import Path

import msgspec

from tsock.errors import ConfigError
from tsock.installation import layout
from tsock.storage.sqlite.flaws import flaws

_BLOBS = "SELECT blob FROM chat_media UNION SELECT blob FROM chat_loose_blobs"


class Copied(msgspec.Struct, frozen=True):
    """What a copy holds."""

    database_bytes: int
    files: int
    """Of conversations."""
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
    try:
        shutil.rmtree(draft, ignore_errors=True)
        (draft / layout.MEDIA).mkdir(mode=0o700, parents=True)
        draft.chmod(0o700)
        # Before the database and behind it: what is uploaded meanwhile is there, and what is removed as well.
        _copy_files(data / layout.MEDIA, draft / layout.MEDIA)
        known = _copy_database(data / layout.DATABASE, draft / layout.DATABASE)
        _copy_files(data / layout.MEDIA, draft / layout.MEDIA)
        files = _drop_unknown(draft / layout.MEDIA, known)
        _copy_one(key_file, draft / layout.MASTER_KEY)
        _copy_one(data / layout.DEV, draft / layout.DEV)
        _sync(draft)
        draft.rename(target)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise ConfigError(f"{data} could not be copied to {target}: {error}") from None
    except ConfigError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Copied(
        database_bytes=(target / layout.DATABASE).stat().st_size,
        files=files,
        has_key=(target / layout.MASTER_KEY).exists(),
    )


def put_back(source: Path, data: Path) -> None:
    """Copy what `back_up` made to `data`, which holds nothing yet.

    Raises:
        ConfigError: `source` is no copy, `data` holds something, or the disk refuses.
    """
    if not (source / layout.DATABASE).is_file():
        raise ConfigError(f"{source} holds no {layout.DATABASE}: name a directory that `tsock backup` made")
    if data.exists() and any(data.iterdir()):
        raise ConfigError(f"{data} is not empty: move away what is in it, or name another directory")
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        data.chmod(0o700)
        (data / layout.MEDIA).mkdir(mode=0o700)
        if (source / layout.MEDIA).is_dir():
            _copy_files(source / layout.MEDIA, data / layout.MEDIA)
        for name in (layout.MASTER_KEY, layout.DEV, layout.DATABASE):  # without the last, no server starts
            _copy_one(source / name, data / name)
        _sync(data)
    except OSError as error:
        raise ConfigError(f"{source} could not be copied to {data}: {error}") from None


def _copy_database(path: Path, target: Path) -> set[str]:
    """Copy it as of one commit; names of the files that the copy knows."""
    source, copy = sqlite3.connect(path), sqlite3.connect(target)
    try:
        source.backup(copy)
        known = {name for (name,) in copy.execute(_BLOBS)}
    finally:
        source.close()
        copy.close()
    target.chmod(0o600)
    found = flaws(target)
    if found:
        raise ConfigError(
            f"the database {path} is damaged ({found[0]}): a copy of it is of no use; keep your older copies"
        )
    return known


def _copy_files(source: Path, target: Path) -> None:
    """Copy those that are not there yet; they never change, but may go."""
    for path in source.iterdir():
        if not (target / path.name).exists():
            _copy_one(path, target / path.name)


def _drop_unknown(folder: Path, known: set[str]) -> int:
    """Remove what the copy of the database does not know; how many files stay."""
    kept = 0
    for path in folder.iterdir():
        if path.name in known:
            kept += 1
        else:
            path.unlink()
    return kept


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
