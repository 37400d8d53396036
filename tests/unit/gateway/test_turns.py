"""Turns of sockets that have more to be read."""

from collections.abc import Callable

from tsock.gateway.turns import Turns
from tsock.settings import Settings


class Socket:
    def __init__(self, error: Exception | None = None) -> None:
        self.turns = 0
        self.is_dropped = False
        self._error = error

    def go_on(self) -> None:
        self.turns += 1
        if self._error is not None:
            raise self._error

    def drop(self) -> None:
        self.is_dropped = True


def test_socket_that_fails_is_dropped_and_the_others_have_their_turns() -> None:
    rounds: list[Callable[[], None]] = []
    turns = Turns(rounds.append, Settings(socket_turn_ms=1000))
    failing, other, later = Socket(RuntimeError("a mistake of ours")), Socket(), Socket()
    turns.add(failing)
    turns.add(other)
    rounds.pop()()
    turns.add(later)
    rounds.pop()()
    assert [socket.turns for socket in (failing, other, later)] == [1, 1, 1]
    assert [socket.is_dropped for socket in (failing, other, later)] == [True, False, False]
