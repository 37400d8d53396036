import pytest

from tests.unit.webhooks.box import Box


@pytest.fixture
def box() -> Box:
    return Box()
