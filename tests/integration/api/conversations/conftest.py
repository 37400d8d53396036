import pytest

from tests.support.chatter import Chatter
from tests.support.rig import Rig


@pytest.fixture
async def alice(rig: Rig) -> Chatter:
    return await Chatter(rig, "alice").start()


@pytest.fixture
async def bob(rig: Rig) -> Chatter:
    return await Chatter(rig, "bob").start()


@pytest.fixture
async def mallory(rig: Rig) -> Chatter:
    """A user of the service who was never let in anywhere."""
    return await Chatter(rig, "mallory").start()
