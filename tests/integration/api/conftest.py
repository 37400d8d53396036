import pytest

from tests.support.backend import Backend
from tests.support.rig import Rig
from tsock.api.router import Router


@pytest.fixture
def everything(rig: Rig) -> Router:
    """The whole route table, the operator's part included."""
    return rig.router


@pytest.fixture
def backend(rig: Rig) -> Backend:
    return Backend(rig)
