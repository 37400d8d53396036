"""Opens the store that the settings name."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from tsock.clock import Clock
from tsock.errors import ConfigError
from tsock.ids import Ids
from tsock.settings import Settings
from tsock.storage.sqlite.store import SqliteStore
from tsock.storage.store import Store
from tsock.telemetry.metrics import Metrics


def open_store(
    path: Path,
    settings: Settings,
    *,
    clock: Clock,
    ids: Ids,
    metrics: Metrics,
    progressed: Callable[[int], object] = lambda date_ms: None,
) -> Store:
    """A store on the running event loop: the database of `database_url`, or else the file at `path`.

    `progressed` hears how far the database has come.

    Raises:
        ConfigError: the database cannot be opened.
    """
    if settings.database_url is not None:
        # Costs those nothing who have none.
        from tsock.storage.postgres.database import Database  # noqa: PLC0415
        from tsock.storage.postgres.store import Limits, PostgresStore  # noqa: PLC0415

        limits = Limits(
            waiting_max=settings.store_waiting_max,
            turn_s=settings.store_rules_per_turn_ms / 1000,
            wait_s=settings.store_wait_s,
            write_connections=settings.store_write_connections,
            read_connections=settings.store_read_connections,
        )
        database = Database(settings.database_url)
        database.migrate()
        with database.used():
            return PostgresStore(
                database.connect, clock=clock, ids=ids, metrics=metrics, limits=limits, progressed=progressed
            )
    try:
        return SqliteStore(
            path,
            clock=clock,
            ids=ids,
            metrics=metrics,
            waiting_max=settings.store_waiting_max,
            group_max=settings.store_group_max,
            turn_s=settings.store_rules_per_turn_ms / 1000,
            progressed=progressed,
        )
    except sqlite3.Error as error:
        raise ConfigError(
            f"the database {path} cannot be opened ({error}); restore it from a backup"
        ) from None
