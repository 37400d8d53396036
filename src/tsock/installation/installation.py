"""What every tsock process that works on a data directory opens first: lock, store, keys, directory."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from tsock.accounts.directory import Directory
from tsock.accounts.secrets import Vault, claim_store, has_sealed_secrets, parse_master_key
from tsock.announcements import Announcements
from tsock.clock import Clock
from tsock.errors import ConfigError
from tsock.ids import Ids
from tsock.installation import layout
from tsock.installation.key_file import read_key_file
from tsock.installation.lock import DataLock
from tsock.settings import Loaded, Settings
from tsock.storage import progress
from tsock.storage.blobs import Blobs, FileBlobs
from tsock.storage.store import Store, Tx, fetched, written
from tsock.telemetry.metrics import Metrics

MASTER_KEY = "TSOCK_MASTER_KEY"


class Installation(msgspec.Struct, frozen=True):
    """An open data directory."""

    data: Path
    settings: Settings
    origins: Mapping[str, str]
    """Where each setting came from, by its name."""
    clock: Clock
    ids: Ids
    metrics: Metrics
    store: Store
    blobs: Blobs
    vault: Vault
    directory: Directory
    master_key: str
    """Where the master key came from."""
    data_set: str
    """Names this set of data; a client's cache of another one is worthless."""


class OpenStore(Protocol):
    """Opens the store of a data directory."""

    def __call__(self, path: Path, settings: Settings, *, clock: Clock, ids: Ids, metrics: Metrics) -> Store:
        """Raise ConfigError where there is none to be opened."""
        ...


@asynccontextmanager
async def installation(
    data: Path, loaded: Loaded, environ: Mapping[str, str], clock: Clock, ids: Ids, open_store: OpenStore
) -> AsyncGenerator[Installation]:
    """Open `data`, made if need be, for this process alone.

    Raises:
        ConfigError: it is in use, newer than this tsock, or sealed with another master key.
    """
    settings = loaded.settings
    make_directory(data)
    lock = DataLock(data)
    try:
        metrics = Metrics()
        store = open_store(data / layout.DATABASE, settings, clock=clock, ids=ids, metrics=metrics)
        metrics.store_waiting = lambda: store.waiting
        blobs: Blobs | None = None
        try:
            await _set_clock(store, clock)
            blobs = FileBlobs(data / layout.MEDIA)
            vault, master_key = await _vault(store, data, settings, environ, ids)
            directory = Directory(vault)
            await fetched(store, directory.load)
            store.listen(Announcements(directory.apply).hear)
            data_set = await written(store, _data_set)
            opened = Installation(
                data=data,
                settings=settings,
                origins=loaded.origins,
                clock=clock,
                ids=ids,
                metrics=metrics,
                store=store,
                blobs=blobs,
                vault=vault,
                directory=directory,
                master_key=master_key,
                data_set=data_set,
            )
            yield opened
        finally:
            if blobs is not None:
                blobs.close()
            await store.close()
    finally:
        lock.release()


def make_directory(data: Path) -> None:
    """Make the data directory, for its owner only, unless it is there."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the data directory {data} cannot be made: {error.strerror}") from None


async def _vault(
    store: Store, data: Path, settings: Settings, environ: Mapping[str, str], ids: Ids
) -> tuple[Vault, str]:
    """The vault, and where its key came from."""
    given = environ.get(MASTER_KEY)
    if given:
        origin = MASTER_KEY
        vault = Vault(parse_master_key(given, origin))
    else:
        path = Path(settings.master_key_file) if settings.master_key_file else data / layout.MASTER_KEY
        origin = str(path.absolute())
        sealed = await fetched(store, has_sealed_secrets)
        fresh = None if sealed else bytes.fromhex(ids.secret() + ids.secret())
        vault = Vault(parse_master_key(read_key_file(path, fresh=fresh), origin))
    await written(store, lambda tx: claim_store(tx, vault))
    return vault, origin


async def _set_clock(store: Store, clock: Clock) -> None:
    """Go on where the process before was: as far ahead, and dating nothing before what it dated."""
    come = await fetched(store, progress.read)
    clock.advance(come.ahead_ms)
    if come.date_ms:
        clock.date_from(come.date_ms + progress.STEP_MS)


def _data_set(tx: Tx) -> str:
    row = tx.one("SELECT id FROM data_set", {})
    if row is not None:
        return row[0]
    fresh = tx.secret()
    tx.run("INSERT INTO data_set (id) VALUES (:id)", {"id": fresh})
    return fresh
