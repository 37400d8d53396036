"""Who is online, as those who follow a user are told by the SDK."""

from collections.abc import Callable, Iterator

import pytest

from tests.interop.conftest import Connect
from tests.interop.library import Api
from tests.interop.sdk import Node, SdkObject
from tests.interop.server import Account, Server

GRACE_S = 5


class Watched:
    """A service that tells who is online: Alice, who follows Bob, and what ends Bob's connections."""

    def __init__(self, server: Server, account: Account, api: Api, connect: Connect) -> None:
        self._server = server
        self._account = account
        self._connect = connect
        self._nodes: list[Node] = []
        conversations = api.conversations.v1
        sid = conversations.configuration().fetch()["default_chat_service_sid"]
        self.service = conversations.services(sid)
        self.service.configuration().update(reachability_enabled=True)
        self.service.users.create(identity="bob")
        self.alice = self.chat("alice")
        self.bob = self.alice.getUser("bob")

    def chat(self, identity: str) -> SdkObject:
        return self._connect.chat(identity, token=self._account.chat_token(identity))

    def chat_apart(self, identity: str) -> tuple[SdkObject, Callable[[], None]]:
        """A client of its own process, and what ends that without a word to the server."""
        node = Node()
        self._nodes.append(node)
        client = Connect(node, self._server).chat(identity, token=self._account.chat_token(identity))
        return client, lambda: self._end(node)

    def becomes(self, *, online: bool) -> None:
        """Wait until Alice is told."""
        while self.bob.now()["isOnline"] is not online:
            told = self.alice.next("userUpdated")
            assert told["user"].number in (self.bob.number, self.alice.now()["user"].number)
        assert self.service.users("bob").fetch()["is_online"] is online

    def rename(self, name: str) -> None:
        """Something that Alice is told of, after whatever came before."""
        self.service.users("bob").update(friendly_name=name)
        while self.bob.now()["friendlyName"] != name:
            self.alice.next("userUpdated")

    def changes(self) -> int:
        """How often Alice was told that Bob came or went."""
        told = [event for event in self.alice.seen("userUpdated") if event["user"].number == self.bob.number]
        return sum("reachabilityOnline" in event["updateReasons"] for event in told)

    def close(self) -> None:
        for node in list(self._nodes):
            self._end(node)

    def _end(self, node: Node) -> None:
        self._nodes.remove(node)
        node.end()
        assert node.uncaught == []


@pytest.fixture
def watched(own_server: Server, account: Account, python_api: Api, connect: Connect) -> Iterator[Watched]:
    watched = Watched(own_server, account, python_api, connect)
    yield watched
    watched.close()


def test_user_comes_and_goes(watched: Watched) -> None:
    """C-008, C-095."""
    assert watched.alice.now()["reachabilityEnabled"] is True
    bob = watched.chat("bob")
    watched.becomes(online=True)
    bob.shutdown()
    watched.becomes(online=False)
    again = watched.chat("bob")
    watched.becomes(online=True)
    while again.now()["user"].now()["isOnline"] is not True:
        again.next("userUpdated")


def test_silence_counts_after_the_grace(watched: Watched, own_server: Server) -> None:
    _, end = watched.chat_apart("bob")
    watched.becomes(online=True)
    end()
    own_server.advance(GRACE_S - 1)
    watched.rename("still here")
    assert watched.bob.now()["isOnline"] is True
    own_server.advance(2)
    watched.becomes(online=False)


def test_break_shorter_than_the_grace_is_told_to_nobody(watched: Watched, own_server: Server) -> None:
    """C-126."""
    _, end = watched.chat_apart("bob")
    watched.becomes(online=True)
    before = watched.changes()
    end()
    watched.chat("bob")
    own_server.advance(2 * GRACE_S)
    watched.rename("back at once")
    assert watched.changes() == before
    assert watched.bob.now()["isOnline"] is True


@pytest.mark.parametrize("goodbye", [True, False])
def test_last_of_two_connections_counts(watched: Watched, own_server: Server, goodbye: bool) -> None:
    """C-126."""
    first = watched.chat("bob")
    second, end = watched.chat_apart("bob")
    watched.becomes(online=True)
    before = watched.changes()
    if goodbye:
        second.shutdown()
    else:
        end()
    own_server.advance(2 * GRACE_S)
    watched.rename("one is left")
    assert watched.changes() == before
    first.shutdown()
    watched.becomes(online=False)


@pytest.mark.settings(chat_reachability_grace_s=60)
def test_restart_within_the_grace_is_told_to_nobody(watched: Watched, own_server: Server) -> None:
    bob = watched.chat("bob")
    watched.becomes(online=True)
    before = watched.changes()
    own_server.kill()
    for client in (watched.alice, bob):
        client.becomes("connecting")
    own_server.start()
    for client in (watched.alice, bob):
        client.becomes("connected")
    own_server.advance(61)
    watched.rename("after the restart")
    assert watched.changes() == before
    assert watched.service.users("bob").fetch()["is_online"] is True


def test_service_that_ceases_to_tell_shows_nobody_online(watched: Watched) -> None:
    watched.chat("bob")
    watched.becomes(online=True)
    watched.service.configuration().update(reachability_enabled=False)
    while watched.bob.now()["isOnline"]:
        watched.alice.next("userUpdated")
    assert watched.chat("carol").now()["reachabilityEnabled"] is False
