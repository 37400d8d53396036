import pytest

from tests.support.backend import Backend
from tests.support.rig import Rig
from tests.support.web import Web
from tsock.api.router import Router


@pytest.fixture
def everything(rig: Rig) -> Router:
    """The whole route table, the operator's part included."""
    return rig.router


@pytest.fixture
def backend(rig: Rig) -> Backend:
    return Backend(rig)


@pytest.fixture
def web(rig: Rig) -> Web:
    return Web(rig)
