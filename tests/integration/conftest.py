from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.receiver import Receiver
from tests.support.rig import Client, Rig


@pytest.fixture
async def rig(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """A gateway with the settings of the test's mark."""
    mark = request.node.get_closest_marker("settings")
    values: dict[str, Any] = dict(mark.kwargs) if mark else {}
    made = Rig(tmp_path, **values)
    await made.start()
    yield made
    await made.stop()
    assert made.errors == []


@pytest.fixture
def client(rig: Rig) -> Client:
    return rig.connect("alice")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    server = Receiver()
    await server.start()
    yield server
    await server.stop()
