import pytest

from tests.support.box import Box


@pytest.fixture
def box() -> Box:
    return Box()
