from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.post_office import PostOffice, Script


@pytest.fixture
def script() -> Script:
    return Script()


async def _office(tmp_path: Path, request: pytest.FixtureRequest, client: Any) -> AsyncIterator[PostOffice]:
    mark = request.node.get_closest_marker("settings")
    made = PostOffice(tmp_path, client, **(mark.kwargs if mark else {}))
    await made.open()
    made.start()
    yield made
    await made.close()


@pytest.fixture
async def office(tmp_path: Path, request: pytest.FixtureRequest, script: Script) -> AsyncIterator[PostOffice]:
    """A sender whose attempts end as the script says, with the settings of the test's mark."""
    async for made in _office(tmp_path, request, script):
        yield made


@pytest.fixture
async def real_office(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[PostOffice]:
    """A sender that makes requests."""
    async for made in _office(tmp_path, request, None):
        yield made
