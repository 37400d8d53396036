from collections.abc import AsyncIterator

import pytest

from tests.support.receiver import Receiver
from tests.support.rig import Client, Rig


@pytest.fixture
def client(rig: Rig) -> Client:
    return rig.connect("alice")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    server = Receiver()
    await server.start()
    yield server
    await server.stop()
