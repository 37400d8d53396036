import pytest

from tests.support.rig import Rig
from tests.support.uploader import Uploader


@pytest.fixture
def alice(rig: Rig) -> Uploader:
    """A user with an SDK, as it deals with media."""
    return Uploader(rig, "alice")


@pytest.fixture
def backend(rig: Rig) -> Uploader:
    """A back end with the Auth Token of the account."""
    return Uploader(rig)
