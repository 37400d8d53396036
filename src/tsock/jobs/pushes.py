"""Puts push notifications into the outbox, which sends them: for each device one delivery."""

import asyncio
from collections.abc import Sequence

import structlog

from tsock.accounts.secrets import Vault
from tsock.cluster.lead import Leads, always
from tsock.conversations import push
from tsock.conversations.push import PushWaits
from tsock.errors import ConfigError, StoreBusy, StoreDown
from tsock.events import Work
from tsock.storage.store import Store, Tx, written_aside
from tsock.webhooks.targets import configured

log = structlog.get_logger(__name__)

PARTICIPANTS_PER_WRITE = 25
"""Looked at in one transaction, off the loop: other writes wait that long at most."""
ROWS_PER_WRITE = 250
STORE_PAUSE_S = 1.0
"""A store that takes no writes is asked again after this."""
URL_CHARS_MAX = 512


class Pushes:
    """Runs until cancelled."""

    def __init__(self, store: Store, vault: Vault, url: str | None) -> None:
        """`url` is `push_url`; without it what waits is forgotten.

        Raises:
            ConfigError: it is no URL that webhooks can go to.
        """
        try:
            self._url = None if url is None else configured(url, URL_CHARS_MAX)
        except ValueError as flaw:
            raise ConfigError(f"push_url: {flaw}") from None
        self._store = store
        self._vault = vault
        self._wake = asyncio.Event()
        self._wake.set()  # the last server may have left some

    def hear(self, facts: Sequence[Work]) -> None:
        """Learn from the facts of one commit that there is something to do."""
        if any(isinstance(fact, PushWaits) for fact in facts):
            self._wake.set()

    def look(self) -> None:
        """Something may wait that was not heard of."""
        self._wake.set()

    async def run(self, leads: Leads = always) -> None:
        """Do whatever waits, as long as this node leads."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while leads() and await written_aside(self._store, self._step):
                    pass
            except (StoreBusy, StoreDown) as error:
                log.warning("pushes.postponed", reason=str(error))
                self._wake.set()
                await asyncio.sleep(STORE_PAUSE_S)

    def _step(self, tx: Tx) -> bool:
        if self._url is None:
            return push.forget(tx, ROWS_PER_WRITE)
        return push.spread(tx, self._vault, self._url, PARTICIPANTS_PER_WRITE)
