import pytest

from tests.support.rest import Rest
from tests.support.rig import Rig


@pytest.fixture
def rest(rig: Rig) -> Rest:
    return Rest(rig)
