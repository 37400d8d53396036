"""What an error of PostgreSQL says: of the statement, of whoever was faster, or of the database."""

import psycopg

_ABOUT_THE_DATABASE = ("08", "25006", "53", "57", "58", "F0", "XX")
"""Connections, read only, resources, operators (and time-outs), the system, its configuration, damage."""
_ABOUT_OTHERS = ("40", "23505", "55P03")
"""Conflicts and deadlocks, a unique name that appeared meanwhile, a lock that was not given up in time."""


def is_about_the_database(error: Exception) -> bool:
    """Whether no statement would have succeeded."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_ABOUT_THE_DATABASE)


def is_about_the_server(error: Exception) -> bool:
    """Whether others may be connected to one that stores, such as what a failover has made the primary."""
    return isinstance(error, psycopg.errors.ReadOnlySqlTransaction)


def is_damage(error: Exception) -> bool:
    """Whether what is stored cannot be trusted any more."""
    return isinstance(error, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted)


def is_about_others(error: Exception) -> bool:
    """Whether the same rule may succeed when it runs again, or answer better."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_ABOUT_OTHERS)


def reason(error: Exception) -> str:
    """The error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
