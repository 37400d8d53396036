"""A data directory whose webhook URLs were written before their passwords were sealed."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.installation.test_installation import opening
from tsock.accounts import audit
from tsock.accounts.accounts import create_account
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.principal import OPERATOR
from tsock.accounts.services import get_service
from tsock.accounts.webhook_urls import opened
from tsock.conversations import hooks
from tsock.conversations import services as chat_services
from tsock.installation import older_urls
from tsock.installation.installation import Installation
from tsock.storage.store import Tx, fetched, written
from tsock.sync import services as sync_services
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Post
from tsock.webhooks.targets import StoredUrl

PASSWORD = "hunter2"
URL = StoredUrl(f"https://hook:{PASSWORD}@a.example/in#rc=1")
PLAIN = StoredUrl("https://me@b.example/")


async def fill(data: Path) -> str:
    """Write what an earlier version left; the account's SID."""
    async with opening(data) as at:
        account = await written(at.store, lambda tx: create_account(tx, at.vault, by=OPERATOR))
        await written(at.store, lambda tx: _put(tx, account.sid))
    database = sqlite3.connect(data / "tsock.db", isolation_level=None)
    sync = msgspec.json.encode({"acl_enabled": True, "webhook_url": URL}).decode()
    chat = msgspec.json.encode({"webhooks": {"pre_url": URL, "post_url": PLAIN}}).decode()
    for product, options in ((SYNC, sync), (CHAT, chat)):
        database.execute("UPDATE services SET options = ? WHERE product = ?", (options, product))
    database.execute(
        "UPDATE accounts SET debugger_url = ?, options = ?",
        (URL, msgspec.json.encode({"chat_webhooks": {"post_url": URL}}).decode()),
    )
    database.execute(
        "INSERT INTO chat_webhooks "
        "SELECT 'WH1', sid, 'CH1', 'webhook', ?, 1, 1 FROM services WHERE product = ?",
        (msgspec.json.encode({"url": URL, "filters": ["onMessageAdded"]}).decode(), CHAT),
    )
    told = {"webhooks": {"previous": {}, "updated": {"pre_url": URL}}}
    database.execute("UPDATE audit_events SET properties = ?", (msgspec.json.encode(told).decode(),))
    database.execute("UPDATE webhook_urls SET state = 'open'")
    database.close()
    assert leaks(data)
    return account.sid


def _put(tx: Tx, account_sid: str) -> None:
    for number in range(3):
        outbox.put(tx, Post(account_sid, None, "debugger", str(number), f"t{number}", URL, {}))


def leaks(data: Path) -> list[str]:
    return [path.name for path in data.glob("tsock.db*") if PASSWORD.encode() in path.read_bytes()]


async def urls(at: Installation, account_sid: str) -> list[StoredUrl | None]:
    """Every one, as it is kept."""

    def query(tx: Tx) -> list[Any]:
        account = at.directory.account(account_sid)
        assert account is not None
        sync, chat = (get_service(tx, account_sid, product, "default") for product in (SYNC, CHAT))
        (scoped,) = tx.all("SELECT configuration FROM chat_webhooks", {})[0]
        return [
            account.debugger_url,
            hooks.of_account(account).post_url,
            sync_services.options_of(sync).webhook_url,
            chat_services.options_of(chat).webhooks.pre_url,
            msgspec.json.decode(scoped)["url"],
            *(each.url for each in outbox.page(tx, "waiting", after=0, limit=10)),
        ]

    return await fetched(at.store, query)


async def test_passwords_are_sealed_and_overwritten_by_the_first_start(tmp_path: Path) -> None:
    sid = await fill(tmp_path)
    async with opening(tmp_path, seed=2) as at:
        assert leaks(tmp_path) == []
        found = await urls(at, sid)
        assert len(found) == 8
        assert {opened(at.vault, sid, url) for url in found if url} == {URL}
        chat = await fetched(at.store, lambda tx: get_service(tx, sid, CHAT, "default"))
        assert chat_services.options_of(chat).webhooks.post_url == PLAIN
        events = await fetched(at.store, lambda tx: audit.latest(tx, 10))
        assert events
        assert "https://a.example/in" in events[0].properties
    async with opening(tmp_path, seed=3) as at:  # and only by that
        assert await urls(at, sid) == found
    assert leaks(tmp_path) == []


async def test_start_goes_on_where_the_file_cannot_be_written_anew_and_the_next_one_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await fill(tmp_path)

    def full(path: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(older_urls, "rewrite", full)
        async with opening(tmp_path, seed=2) as at:
            found = await urls(at, sid)
            assert {opened(at.vault, sid, url) for url in found if url} == {URL}
    async with opening(tmp_path, seed=3) as at:
        assert await urls(at, sid) == found
        assert leaks(tmp_path) == []
