import pytest

from tests.unit.sync.world import World


@pytest.fixture
def world() -> World:
    return World()
