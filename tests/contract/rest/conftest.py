from collections.abc import Iterator

import pytest

from tests.contract.rest.rest import Rest
from tests.interop.server import Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For a module that looks at all that is stored, so that nobody else may store anything."""
    yield from running(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="session")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """A caller of a server that the tests share; each looks at what it made itself."""
    for server in running(tmp_path_factory.mktemp("server")):
        rest = Rest(server)
        with rest.client:
            yield rest
