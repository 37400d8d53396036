from collections.abc import Iterator

import pytest

from tests.contract.rest.rest import Rest
from tests.interop.server import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from running(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="session")
def rest(server: Server) -> Iterator[Rest]:
    rest = Rest(server)
    with rest.client:
        yield rest
