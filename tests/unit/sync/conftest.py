import pytest

from tests.support.sync_world import World


@pytest.fixture
def world() -> World:
    return World()
