"""Seals the passwords of webhook URLs that an earlier version kept open: once, since the database tells.

What stood where is that version's business, and stays as it is here when later ones change it.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import structlog

from tsock.accounts import audit, webhook_urls
from tsock.accounts.secrets import Vault
from tsock.storage.sqlite.rewrite import rewrite
from tsock.storage.store import Store, Tx, written, written_aside

log = structlog.get_logger(__name__)

ROWS_PER_PAGE = 500
_URLS = frozenset(("webhook_url", "pre_url", "post_url", "url"))
"""Members of JSON columns that are webhook URLs."""
_SET_STATE = "UPDATE webhook_urls SET state = :state"


async def seal(store: Store, vault: Vault, database: Path) -> None:
    """Do what is to be done, if anything, before anybody reads a URL."""
    if not await written_aside(store, lambda tx: _sealed(tx, vault)):
        return
    log.info("webhook_urls.sealed", next="the database is written anew, so that no password is left in it")
    try:
        await asyncio.to_thread(rewrite, database)
    except sqlite3.Error as error:  # sealed they are, and the next start tries this again
        log.warning("webhook_urls.not_overwritten", database=str(database), reason=str(error))
        return
    await written(store, lambda tx: tx.run(_SET_STATE, {"state": "sealed"}))


def _sealed(tx: Tx, vault: Vault) -> bool:
    """Seal what stands open; whether the file may still hold it."""
    (state,) = tx.claim_all("SELECT state FROM webhook_urls LIMIT 1", {})[0]
    if state == "open":
        changed = [_changed(tx, vault, column) for column in _COLUMNS]
        state = "overwrite" if any(changed) else "sealed"
        tx.run(_SET_STATE, {"state": state})
    return state == "overwrite"


def _url(vault: Vault, account_sid: str, text: str) -> str:
    return webhook_urls.sealed(vault, account_sid, text)


def _json(vault: Vault, account_sid: str, text: str) -> str:
    def sealed(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {name: sealed(each, name) for name, each in cast("dict[str, Any]", value).items()}
        return _url(vault, account_sid, value) if name in _URLS and isinstance(value, str) else value

    return msgspec.json.encode(sealed(msgspec.json.decode(text))).decode()


def _event(vault: Vault, account_sid: str, text: str) -> str:
    return msgspec.json.encode(audit.shown(msgspec.json.decode(text))).decode()


class _Column(NamedTuple):
    """Where there are URLs, what finds the account of a row, and what becomes of a text there."""

    table: str
    name: str
    account_sid: str
    change: Callable[[Vault, str, str], str]


_COLUMNS = (
    _Column("accounts", "debugger_url", "sid", _url),
    _Column("accounts", "options", "sid", _json),
    _Column("services", "options", "account_sid", _json),
    _Column(
        "chat_webhooks",
        "configuration",
        "(SELECT account_sid FROM services WHERE services.sid = service_sid)",
        _json,
    ),
    _Column("webhook_deliveries", "url", "account_sid", _url),
    _Column("audit_events", "properties", "account_sid", _event),
)


def _changed(tx: Tx, vault: Vault, column: _Column) -> bool:
    """Change what stands in a column; whether anything is different now."""
    table, name, account_sid, change = column
    select = (
        f"SELECT sid, {account_sid}, {name} FROM {table} "
        f"WHERE sid > :after AND {name} LIKE '%://%@%' ORDER BY sid LIMIT {ROWS_PER_PAGE}"
    )
    update = f"UPDATE {table} SET {name} = :text WHERE sid = :sid"
    after, is_changed = "", False
    while rows := tx.all(select, {"after": after}):
        for sid, owner, text in rows:
            changed = change(vault, owner, text)
            if changed != text:
                tx.run(update, {"sid": sid, "text": changed})
                is_changed = True
        after = rows[-1][0]
    return is_changed
