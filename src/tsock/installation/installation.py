"""What every tsock process that works on a data directory opens first: lock, store, keys, directory."""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from tsock.accounts.directory import Directory
from tsock.accounts.secrets import Vault, claim_store, has_sealed_secrets, parse_master_key
from tsock.announcements import Announcements
from tsock.clock import Clock
from tsock.errors import ConfigError, StoreDown
from tsock.ids import Ids
from tsock.installation import layout, older_urls
from tsock.installation.key_file import key_file, read_key_file
from tsock.installation.lock import DataLock
from tsock.installation.watermark import Watermark, check_is_there
from tsock.settings import Loaded, Settings
from tsock.storage import progress
from tsock.storage.blobs import Blobs, FileBlobs
from tsock.storage.store import Store, Tx, fetched, written, written_aside
from tsock.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

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

    def __call__(
        self,
        path: Path,
        settings: Settings,
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        progressed: Callable[[int], object],
    ) -> Store:
        """Raise ConfigError where there is none to be opened."""
        ...


@asynccontextmanager
async def installation(
    data: Path,
    loaded: Loaded,
    environ: Mapping[str, str],
    clock: Clock,
    ids: Ids,
    *,
    open_store: OpenStore,
    begin_epoch: Callable[[Tx], None],
    is_restored: bool = False,
) -> AsyncGenerator[Installation]:
    """Open `data`, made if need be, for this process alone.

    Args:
        data: the directory.
        loaded: the settings.
        environ: may hold the master key.
        clock: shows and dates from then on what these data say.
        ids: makes ids.
        open_store: opens the store.
        begin_epoch: the rule that is run when the database is an older copy of itself.
        is_restored: whether it is one, however it looks.

    Raises:
        ConfigError: it is in use, newer than this tsock, or sealed with another master key; or its database
            is gone, damaged, or cannot be written.
    """
    settings = loaded.settings
    make_directory(data)
    lock = DataLock(data)
    try:
        metrics = Metrics()
        watermark = Watermark(data / layout.WATERMARK)
        is_here = settings.database_url is None
        if is_here:
            check_is_there(data / layout.DATABASE, data / layout.MASTER_KEY, watermark.path)
        store = open_store(
            data / layout.DATABASE,
            settings,
            clock=clock,
            ids=ids,
            metrics=metrics,
            # Of a database elsewhere a directory tells nothing.
            progressed=watermark.note if is_here else lambda date_ms: None,
        )
        metrics.store_waiting = lambda: store.waiting
        blobs: Blobs | None = None
        try:
            with _told_as_problem(data) if is_here else nullcontext():
                is_older = await _is_older(store, clock, watermark if is_here else None)
                if is_older or is_restored:
                    await written_aside(store, begin_epoch)
                    log.warning("epoch.begun", directory=str(data), reason="the database is a restored copy")
                blobs = FileBlobs(layout.media_folder(data, settings))
                vault, master_key = await _vault(store, data, settings, environ, ids)
                await older_urls.seal(store, vault, data / layout.DATABASE)
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
            watermark.close()
    finally:
        lock.release()


@contextmanager
def _told_as_problem(data: Path) -> Generator[None]:
    """Tell the operator what to do about a database that can be opened, but not used."""
    try:
        yield
    except StoreDown as error:
        raise ConfigError(
            f"the database {data / layout.DATABASE} cannot be used: {error}; `tsock check --data {data}` "
            "finds out whether it is damaged, and a copy is put back with `tsock restore COPY --data DIR`"
        ) from None


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
        path = key_file(data, settings)
        origin = str(path.absolute())
        sealed = await fetched(store, has_sealed_secrets)
        fresh = None if sealed else bytes.fromhex(ids.secret() + ids.secret())
        vault = Vault(parse_master_key(read_key_file(path, fresh=fresh), origin))
    await written(store, lambda tx: claim_store(tx, vault))
    return vault, origin


async def _is_older(store: Store, clock: Clock, watermark: Watermark | None) -> bool:
    """Go on where the process before was, in time and dates; whether the database had come further."""
    noted_ms = watermark and watermark.date_ms
    asked_s = clock.monotonic_s()
    come = await fetched(store, progress.read)
    if watermark is None:  # other nodes may share this database, and one clock counts for all
        clock.follow(come.now_ms, asked_s)
    clock.advance(come.ahead_ms)
    if come.date_ms == 0:  # nothing was ever stored, or nothing yet by a version that tells
        return False
    clock.date_from(max(come.date_ms, noted_ms or 0) + progress.STEP_MS)
    return watermark is not None and (noted_ms is None or noted_ms > come.date_ms)


def _data_set(tx: Tx) -> str:
    tx.lock("data_set")  # two that start on an empty store give it one name
    row = tx.one("SELECT id FROM data_set", {})
    if row is not None:
        return row[0]
    fresh = tx.secret()
    tx.run("INSERT INTO data_set (id) VALUES (:id)", {"id": fresh})
    return fresh
