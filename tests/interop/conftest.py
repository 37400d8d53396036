"""A running server and the SDKs, fresh for each test where the test changes more than its own objects."""

import itertools
from collections.abc import Iterator

import pytest

from tests.interop.bare import Bare
from tests.interop.sdk import Node, SdkObject
from tests.interop.server import Server, running

SYNC_TYPES = ["twilio.sync.event", *(f"com.twilio.rtd.cds.{kind}" for kind in ("document", "list", "map"))]


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from running(tmp_path_factory.mktemp("server"))


@pytest.fixture
def own_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For tests that restart the server or change its settings."""
    marker = request.node.get_closest_marker("settings")
    yield from running(tmp_path_factory.mktemp("server"), **(marker.kwargs if marker else {}))


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The test's own server where it asked for one, else the one that the tests share."""
    name = "own_server" if "own_server" in request.fixturenames else "shared_server"
    return request.getfixturevalue(name)


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    yield node
    node.end()
    assert node.uncaught == []


class Connect:
    """Makes clients of the test's server: by identity, or with a token made by the test."""

    def __init__(self, node: Node, server: Server) -> None:
        self._node = node
        self._server = server

    def __call__(self, identity: str = "alice", *, token: str | None = None, sdk: int = 4) -> SdkObject:
        """A Sync client of that major version; it connects by itself, nothing waits for that."""
        token = token or self._server.token(identity)
        return self._node.ask("sync", sdk=sdk, token=token, uri=self._server.uri).result()

    def bare(
        self, identity: str = "alice", *, token: str | None = None, types: list[str] = SYNC_TYPES
    ) -> Bare:
        """A Twilsock client, for requests and notifications as they are on the wire."""
        token = token or self._server.token(identity)
        return Bare(self._node.ask("twilsock", token=token, uri=self._server.uri, types=types).result())


@pytest.fixture
def connect(node: Node, server: Server) -> Connect:
    return Connect(node, server)


@pytest.fixture
def alice(connect: Connect) -> SdkObject:
    return connect("alice")


@pytest.fixture
def bob(connect: Connect) -> SdkObject:
    return connect("bob")


@pytest.fixture
def bare(connect: Connect) -> Bare:
    return connect.bare("carol")


_numbers = itertools.count()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A unique name that no other test uses."""
    return f"{request.node.name} {next(_numbers)}"
