"""Servers for the simulations, and the chance they are played with."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.interop.server import Server, running


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """Random choices of one test; the run's seed repeats them."""
    seed = request.config.getoption("randomly_seed")
    # Captured, so that it is shown when the test fails.
    print(f"replay: python -m pytest -p no:xdist --randomly-seed={seed} '{request.node.nodeid}'")
    return Random(f"{seed} {request.node.nodeid}")


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For tests that change nothing but objects of their own."""
    yield from running(tmp_path_factory.mktemp("server"))


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """The test's own server, with the settings of its marker."""
    marker = request.node.get_closest_marker("settings")
    yield from running(tmp_path, **(marker.kwargs if marker else {}))
