"""Keeps what development makes, credentials that others may know, away from real users."""

from tsock.errors import ConfigError
from tsock.storage.store import Tx


def mark(tx: Tx, *, is_ours: bool) -> None:
    """Note that a database is one of development.

    Args:
        tx: a transaction.
        is_ours: whether it is in the data directory, which tells by itself.

    Raises:
        ConfigError: it has accounts that `tsock serve` made.
    """
    if is_marked(tx):
        return
    if not is_ours and tx.one("SELECT 1 FROM accounts LIMIT 1", {}) is not None:
        raise ConfigError(
            "database_url: this database was used by `tsock serve`; `tsock dev` would add an account whose "
            "Auth Token and key secret it shows to everybody; name another database"
        )
    tx.run("INSERT INTO development (since_ms) VALUES (:since_ms)", {"since_ms": tx.date_ms})


def is_marked(tx: Tx) -> bool:
    """Whether development used a database."""
    return tx.one("SELECT 1 FROM development LIMIT 1", {}) is not None


def refuse_marked(tx: Tx) -> None:
    """See that development never used a database.

    Raises:
        ConfigError: it did.
    """
    if is_marked(tx):
        raise ConfigError(
            "database_url: this database was used by `tsock dev`, so it has an account whose Auth Token and "
            "key secret others may know; name another database"
        )
