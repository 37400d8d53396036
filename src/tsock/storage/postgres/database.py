"""A database of PostgreSQL, as tsock uses one: how it is reached, and what it must be."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tsock.errors import ConfigError
from tsock.storage.postgres.connection import Connection
from tsock.storage.postgres.failures import reason
from tsock.storage.postgres.migrate import migrate, migrate_empty

_OLDEST = 14
_DEFAULTS = {
    "application_name": "tsock",
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "target_session_attrs": "read-write",
    "tcp_user_timeout": "10000",
}
"""What a URL may say otherwise. In seconds, the last in milliseconds: so soon it is noticed that a server is
gone without a word."""

_SESSION = {
    # A node that stands still lets go of what others wait for.
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "5s",
    "statement_timeout": "10s",
    "default_transaction_isolation": "read committed",
    "jit": "off",
}
_SET = "".join(f"SET {name} = '{value}';" for name, value in _SESSION.items()).encode()
_SET_WHERE_KNOWN = b"SET client_connection_check_interval = '1s'"
"""A server on some systems cannot look whether its client is still there."""
_UNHURRIED = (
    "SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN "
    "('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')"
)
"""For one transaction, which takes as long as it takes, whatever the operator has set for others."""


class Database:
    """Opens connections to the database of a URL."""

    def __init__(self, url: str, given_as: str = "database_url") -> None:
        """Take a URL as libpq understands it.

        Args:
            url: the URL.
            given_as: the name that it was given under, for errors.

        Raises:
            ConfigError: it is none.
        """
        self._given_as = given_as
        self._conninfo = make_conninfo("", **(_DEFAULTS | _understood(url, given_as)))

    def connect(self) -> Connection:
        """A connection, which takes its time.

        Raises:
            psycopg.Error: the database cannot be reached.
            OSError: this process has no room for it.
        """
        opened = self._opened()
        try:
            opened.execute(_SET)
            with suppress(psycopg.errors.InvalidParameterValue):
                opened.execute(_SET_WHERE_KNOWN)
            return Connection(opened)
        except (psycopg.Error, OSError):
            opened.close()
            raise

    def migrate(self) -> None:
        """See that tsock can use it, and bring it to the newest schema.

        Raises:
            ConfigError: it cannot be reached, is too old, or was used by a newer tsock.
        """
        with self.used(), self._opened() as connection:
            _check(connection, self._given_as)
            migrate(connection)

    @contextmanager
    def filled(self) -> Generator[psycopg.Connection]:
        """A transaction in which an empty database has got the newest schema, and is to be filled.

        What fails within leaves it empty; a node that starts meanwhile waits.

        Raises:
            ConfigError: it cannot be reached or used, is too old, or is not empty.
        """
        with self.used(), self._opened() as connection, connection.transaction():
            connection.execute(_UNHURRIED)
            _check(connection, self._given_as)
            migrate_empty(connection)
            yield connection

    @contextmanager
    def used(self) -> Generator[None]:
        """Say of what fails within what to do about it.

        Raises:
            ConfigError: the database could not be used.
        """
        try:
            yield
        except psycopg.Error as error:
            raise ConfigError(
                f"the database of {self._given_as} cannot be used ({reason(error)}): see that it runs, that "
                "it lets this machine in so often, and that its user may make tables"
            ) from None

    def _opened(self) -> psycopg.Connection:
        return psycopg.Connection.connect(self._conninfo, autocommit=True)


def _understood(url: str, given_as: str) -> dict[str, Any]:
    expected = f"{given_as}: expected postgresql://USER:PASSWORD@HOST/DATABASE, as libpq understands it"
    if not url.startswith(("postgresql://", "postgres://")):
        raise ConfigError(f"{expected}; what came begins otherwise")
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:  # whose text shows it, with the password
        raise ConfigError(f"{expected}; libpq does not understand what came") from None
    if any(name.endswith("password") for name in parse_qs(urlsplit(url).query)):
        raise ConfigError(
            f"{expected}; a password among the options would be shown with the settings: write it before the "
            "host, or in the environment as PGPASSWORD"
        )
    return given


def _check(connection: psycopg.Connection, given_as: str) -> None:
    info = connection.info
    if info.server_version < _OLDEST * 10_000:
        major = info.server_version // 10_000
        raise ConfigError(f"the database of {given_as} is PostgreSQL {major}; expected {_OLDEST} or newer")
    encoding = info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigError(
            f"the database {info.dbname} has the encoding {encoding}; expected UTF8: make one with "
            "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'"
        )
