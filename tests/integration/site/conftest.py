import pytest

from tests.support.rig import Rig
from tests.support.visitor import Visitor


@pytest.fixture
def visitor(rig: Rig) -> Visitor:
    return Visitor(rig)
