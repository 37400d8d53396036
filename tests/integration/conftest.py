from collections.abc import AsyncIterator

import pytest

from tests.support.guarded import GuardedTx
from tests.support.receiver import Receiver
from tests.support.rig import Client, Rig
from tsock.storage.sqlite import store as sqlite_store


@pytest.fixture
def client(rig: Rig) -> Client:
    return rig.connect("alice")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    server = Receiver()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(autouse=True)
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules of handlers, too, hold what they change."""
    monkeypatch.setattr(sqlite_store, "SqliteTx", GuardedTx)
