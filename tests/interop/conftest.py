"""A running server and the SDKs, fresh for each test where the test changes more than its own objects."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.interop.bare import Bare
from tests.interop.library import Api, InNode, InPython, InPythonAsync, NodeProcess
from tests.interop.receiver import Receiver, receiving
from tests.interop.sdk import Node, SdkObject
from tests.interop.server import Account, Server, running

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

    def begin_chat(
        self, identity: str, *, sdk: float = 3, token: str | None = None, uri: str | None = None
    ) -> SdkObject:
        """A Conversations client of that generation, which connects by itself; `uri` is a way around."""
        token = token or self._server.account.chat_token(identity)
        return self._node.ask("chat", sdk=sdk, token=token, uri=uri or self._server.uri).result()

    def chat(
        self, identity: str, *, sdk: float = 3, token: str | None = None, uri: str | None = None
    ) -> SdkObject:
        """The same, initialized."""
        client = self.begin_chat(identity, sdk=sdk, token=token, uri=uri)
        while client.next("stateChanged") != "initialized":
            pass
        return client

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


@pytest.fixture(scope="session")
def node_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Node with the helper library; no test changes anything in it."""
    process = NodeProcess(tmp_path_factory.mktemp("library"))
    yield process
    process.node.end()
    assert process.node.uncaught == []


class OpenClient:
    """Makes clients of one helper library, for the test's server."""

    def __init__(self, request: pytest.FixtureRequest, server: Server) -> None:
        self._request = request
        self._server = server
        self.library: str = request.param
        self._opened: list[InPython | InPythonAsync] = []

    def __call__(self, user: str, password: str, account_sid: str | None = None, **options: Any) -> Api:
        """A client with these credentials; `options` are those of the library's HTTP client."""
        given = (self._server.url, user, password, account_sid)
        if self.library == "node":
            process = self._request.getfixturevalue("node_process")
            return Api(InNode(process, *given, **options))
        library = {"python": InPython, "python-async": InPythonAsync}[self.library](*given, **options)
        self._opened.append(library)
        return Api(library)

    def close(self) -> None:
        for library in self._opened:
            library.close()


@pytest.fixture(params=["python", "python-async", "node"])
def open_client(request: pytest.FixtureRequest, server: Server) -> Iterator[OpenClient]:
    """With this, a test runs once with each helper library."""
    opened = OpenClient(request, server)
    yield opened
    opened.close()


@pytest.fixture
def account(server: Server) -> Account:
    """An account that nothing was done to."""
    return server.new_account()


@pytest.fixture
def api(open_client: OpenClient, account: Account) -> Api:
    """A client with the Auth Token of that account."""
    return open_client(account.sid, account.auth_token)


@pytest.fixture
def python_api(account: Account) -> Iterator[Api]:
    """The same in Python, where one library is enough to make changes with."""
    library = InPython(account.server.url, account.sid, account.auth_token, None)
    yield Api(library)
    library.close()


class Room:
    """An account of the test's own: a conversation of two users, and its back end."""

    def __init__(self, connect: Connect, account: Account, api: Api) -> None:
        self._connect = connect
        self.account = account
        self.api = api.conversations.v1
        self.alice, self.bob = self.chat("alice"), self.chat("bob")
        self.conversation = self.alice.createConversation({"friendlyName": "F"})
        self.conversation.join()
        self.alice.next("conversationJoined")
        self.conversation.add("bob")
        self.theirs = self.bob.next("conversationJoined")
        while len(self.conversation.getParticipants()) < 2:  # or bob would come as what he is made meanwhile
            self.conversation.next("participantJoined")
        self.theirs.getParticipants()
        self.rest = self.api.conversations(self.conversation.sid)
        self.service = self.api.services(self.rest.fetch()["chat_service_sid"])

    def chat(self, identity: str) -> SdkObject:
        return self._connect.chat(identity, token=self.account.chat_token(identity))

    def role(self, *permissions: str, type: str = "conversation") -> str:  # noqa: A002 - the parameter's name
        """SID of a role with these permissions."""
        return self.api.roles.create(friendly_name="made", type=type, permission=list(permissions))["sid"]


@pytest.fixture
def room(connect: Connect, account: Account, python_api: Api) -> Room:
    return Room(connect, account, python_api)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """What is called by webhooks."""
    with receiving() as receiver:
        yield receiver


_numbers = itertools.count()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A unique name that no other test uses."""
    return f"{request.node.name} {next(_numbers)}"


@pytest.fixture
def own() -> Callable[[str], str]:
    """Makes identities and names the test's own, on a server that others share."""
    number = next(_numbers)
    return lambda text: f"{text}-{number}"
