"""`tsock copy`: an installation moves from SQLite to PostgreSQL."""

import os
from pathlib import Path
from time import monotonic
from typing import Annotated

import msgspec
from cyclopts import Parameter

from tsock.assembly import opened
from tsock.cli import output
from tsock.cli.file_name import FILE_NAME
from tsock.cli.output import AsJson
from tsock.cli.program import command
from tsock.clock import Clock
from tsock.errors import ConfigError
from tsock.ids import Ids
from tsock.installation import development, layout
from tsock.installation.installation import MASTER_KEY
from tsock.installation.lock import DirectoryInUse
from tsock.installation.lost_files import lost_files
from tsock.installation.transfer import LEFT_OUT, TransferredTable, transfer
from tsock.settings import Loaded, load
from tsock.storage.postgres.database import Database
from tsock.storage.store import written
from tsock.telemetry import log
from tsock.urls import without_password

_SQLITE = "sqlite:"
_POSTGRES = ("postgresql:", "postgres:")
_EVERY_S = 2.0
"""How often it is said how far a copy is."""


async def copy(
    *,
    source: Annotated[str, Parameter(name="--from", metavar="sqlite:DIR")],
    target: Annotated[str | None, Parameter(name="--to", metavar="postgresql://…")] = None,
    config: Annotated[Path | None, FILE_NAME, Parameter(metavar="FILE")] = None,
    json: AsJson = False,
) -> None:
    """Copy what a data directory holds to an empty database of PostgreSQL, and compare the two.

    No server may run on the directory, which keeps what it holds. A copy that fails or is interrupted leaves
    the database empty. Clients that come back to a node on it go on where they were.

    Args:
        source: The data directory that a server left, of this or an earlier version, behind `sqlite:`.
        target: The database; by default what `database_url` names. A password in it is seen by others who
            list the processes of this machine.
        config: Settings file instead of `tsock.toml`.
        json: Print JSON.
    """
    data, loaded = _directory(source), load({}, os.environ, config)
    url = _url(target, loaded)
    database = Database(url, "database_url" if target is None else "--to")
    log.configure("warning", loaded.settings.log_format)
    try:
        async with opened(data, _on_sqlite(loaded), os.environ, Clock(), Ids()) as installed:
            if (data / layout.DEV).exists():  # the database of an earlier version does not say it
                await written(installed.store, lambda tx: development.mark(tx, is_ours=True))
            tables = await transfer(data / layout.DATABASE, database, _Progress().heard)
    except DirectoryInUse:
        raise ConfigError(
            f"--from: a server or another command runs on {data}: stop it first, so that nothing is stored "
            "there behind the copy"
        ) from None
    _tell(data.absolute(), without_password(url), tables, installed.master_key, json=json)


def _directory(source: str) -> Path:
    if source.startswith(_POSTGRES):
        raise ConfigError(
            "--from: there is no way back from PostgreSQL to SQLite; a database of PostgreSQL is copied to "
            "another one with `pg_dump`"
        )
    if not source.startswith(_SQLITE) or source == _SQLITE:
        raise ConfigError(
            f"--from: expected {_SQLITE}DIR, which names a data directory, got "
            f"{without_password(source)!r:.80}"
        )
    data = Path(source.removeprefix(_SQLITE))
    if data.is_file():
        raise ConfigError(f"--from: {data} is a file: name the data directory that it is in")
    if not (data / layout.DATABASE).exists():
        raise ConfigError(f"--from: {data} holds no data of tsock: there is no {layout.DATABASE} in it")
    return data


def _url(target: str | None, loaded: Loaded) -> str:
    url = loaded.settings.database_url if target is None else target
    if url is None:
        raise ConfigError(
            "--to is missing, and database_url is not set either: expected an empty database of PostgreSQL, "
            "such as postgresql://USER@HOST/DATABASE"
        )
    if url.startswith(_SQLITE):
        raise ConfigError(
            "--to: expected postgresql://…; a data directory is copied to another one with `tsock backup` "
            "and `tsock restore`"
        )
    return url


def _on_sqlite(loaded: Loaded) -> Loaded:
    """The settings without those of nodes, which may tell already where the data are going to be."""
    alone = msgspec.structs.replace(loaded.settings, database_url=None, bus_url=None, media_directory=None)
    return Loaded(alone, loaded.origins)


class _Progress:
    """Says on standard error, now and then, how far it is."""

    def __init__(self) -> None:
        self._said_s = monotonic()

    def heard(self, what: str, table: str, rows: int) -> None:
        if monotonic() - self._said_s >= _EVERY_S:
            self._said_s = monotonic()
            output.line(f"{what} {rows:,} rows of {table} so far", errors=True)


def _tell(data: Path, database: str, tables: list[TransferredTable], master_key: str, *, json: bool) -> None:
    lost, files = lost_files(data)
    if json:
        output.document(
            {
                "database": database,
                "tables": tables,
                "left_out": LEFT_OUT,
                "master_key": master_key,
                "media": {"directory": str(data / layout.MEDIA), "files": files, "missing": len(lost)},
            }
        )
        return
    output.table([msgspec.to_builtins(table) for table in tables if table.rows], ("name", "rows"))
    output.line()
    rows = sum(table.rows for table in tables)
    output.line(f"copied {rows:,} rows to ", (database, "bold green"), "; source and copy are the same")
    where = f"which {MASTER_KEY} held" if master_key == MASTER_KEY else f"in {master_key}"
    output.line(
        f"The master key stays the one {where}: every node needs it, in {MASTER_KEY} or by master_key_file."
    )
    if files:
        output.line(
            f"Files of conversations stay where they are, {files} in {data / layout.MEDIA}: every node needs "
            "that directory, or a copy of it, as its media_directory."
        )
    output.line(
        "With database_url, a node that goes on in the same directory has what it needs: ",
        command("serve", "--data", str(data)),
    )
    if lost:
        output.remark(
            f"{len(lost)} of the files of conversations are missing; whoever opens one gets an error"
        )
    output.remark(
        f"without database_url, a server on {data} would go on with the old data: once a node runs, move "
        f"{layout.DATABASE} away from there"
    )
