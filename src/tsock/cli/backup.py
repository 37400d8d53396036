"""`tsock backup`, `tsock restore` and `tsock epoch`: copies of an installation, and their return."""

import os
from pathlib import Path
from typing import Annotated

from tsock.assembly import opened
from tsock.cli import output
from tsock.cli.file_name import FILE_NAME
from tsock.cli.location import HERE, Location, locate
from tsock.clock import Clock
from tsock.errors import ConfigError
from tsock.ids import Ids
from tsock.installation import layout
from tsock.installation.backup import Copied, back_up, put_back
from tsock.installation.installation import MASTER_KEY
from tsock.installation.key_file import key_file
from tsock.settings import Loaded
from tsock.telemetry import log
from tsock.urls import without_password


def backup(target: Annotated[Path, FILE_NAME], /, *, location: Location = HERE) -> None:
    """Copy an installation, while its server runs or not: database, files and master key.

    Args:
        target: Where to: a directory that does not exist. It holds every secret, so keep it safe.
        location: Where.
    """
    place = locate(location)
    _refuse_elsewhere(
        place.loaded,
        f"copy it with `pg_dump`, {place.data / layout.MEDIA} and the master key with it; once that was put "
        "back, run `tsock epoch`",
    )
    made = back_up(place.data, key_file(place.data, place.loaded.settings), target)
    output.line(
        (str(target), "bold green"),
        f": a database of {made.database_bytes / 2**20:.1f} MiB, files of conversations: {made.files}",
    )
    _tell_missing(made, place.data)
    if not made.has_key:
        output.remark("the master key is not in it, since it is in no file here: keep it elsewhere")


async def restore(source: Annotated[Path, FILE_NAME], /, *, location: Location = HERE) -> None:
    """Put back what `tsock backup` made, into a directory without data, and begin a new epoch.

    Clients that saw changes which the copy does not know then take in what it holds, and open their lists and
    maps anew.

    Args:
        source: What `tsock backup` made, or another data directory.
        location: Where; name the directory with `--data`.
    """
    place = locate(location, fresh=True)
    _refuse_elsewhere(
        place.loaded,
        "put it back with `pg_restore`, the files and the master key too, then run `tsock epoch`",
    )
    is_key_elsewhere = bool(os.environ.get(MASTER_KEY) or place.loaded.settings.master_key_file)
    with put_back(source, place.data, is_key_elsewhere=is_key_elsewhere) as (draft, copied):
        await _begin(draft, place.loaded)
    output.line("restored to ", (str(place.data), "bold green"), "; a new epoch has begun")
    _tell_missing(copied, source)


async def epoch(*, location: Location = HERE) -> None:
    """Begin a new epoch, for data that were restored by other means than `tsock restore`.

    No server may run on them.

    A start that sees an older database than the directory had begins one by itself. It cannot see that of a
    directory, disk or machine that was put back as a whole.

    Args:
        location: Where.
    """
    place = locate(location)
    if place.is_served():  # another machine's, on the same database, is not seen
        raise ConfigError(f"a server runs on {place.data}: stop it first, then begin a new epoch")
    await _begin(place.data, place.loaded)
    output.line("a new epoch has begun in ", (str(place.data), "bold green"))


def _refuse_elsewhere(loaded: Loaded, what_to_do: str) -> None:
    url = loaded.settings.database_url
    if url is not None:
        raise ConfigError(
            f"the data are in {without_password(url)} (database_url from {loaded.origins['database_url']}), "
            f"and not in the directory: {what_to_do}"
        )


async def _begin(data: Path, loaded: Loaded) -> None:
    log.configure("error", loaded.settings.log_format)
    async with opened(data, loaded, os.environ, Clock(), Ids(), is_restored=True):
        pass


def _tell_missing(copied: Copied, source: Path) -> None:
    if copied.missing:
        output.remark(
            f"files of conversations that are not in {source / layout.MEDIA}: {copied.missing} of "
            f"{copied.missing + copied.files}; whoever opens one gets an error"
        )
