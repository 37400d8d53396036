from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.rig import Rig

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
async def rig(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """A gateway with the settings of the test's mark."""
    mark = request.node.get_closest_marker("settings")
    values: dict[str, Any] = dict(mark.kwargs) if mark else {}
    made = Rig(tmp_path, **values)
    await made.start()
    yield made
    await made.stop()
    assert made.errors == []
