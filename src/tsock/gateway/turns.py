"""Whose turn it is to be read: one socket with much to say does not keep the others waiting."""

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Protocol

import structlog

from tsock.settings import Settings

log = structlog.get_logger(__name__)


class Reading(Protocol):
    """A socket of which more has arrived than was read."""

    def go_on(self) -> None:
        """Read for one more turn."""
        ...

    def drop(self) -> None:
        """End the connection at once."""
        ...


class Turns:
    """The sockets that have had their turn and have more to be read, in the order in which they wait.

    What has just arrived on a socket is read at once, for one turn. Those that wait here share one more turn
    in each round of the event loop, so that a round stays short, however many they are.
    """

    def __init__(self, call_soon: Callable[[Callable[[], None]], object], settings: Settings) -> None:
        """`call_soon` runs a function in the next round of the loop, after what has arrived by then."""
        self.turn_s = settings.socket_turn_ms / 1000
        self.frames_per_turn = settings.socket_frames_per_turn
        self._call_soon = call_soon
        self._waiting: deque[Reading] = deque()
        self._due = False

    def add(self, socket: Reading) -> None:
        """Let `socket` go on when it is its turn; it must not wait already."""
        self._waiting.append(socket)
        if not self._due:
            self._due = True
            self._call_soon(self._round)

    def _round(self) -> None:
        waiting = self._waiting
        stop_s = perf_counter() + self.turn_s
        while waiting:
            socket = waiting.popleft()
            try:
                socket.go_on()
            except Exception:  # one connection fails, never the turns of others
                log.exception("socket.failed")
                socket.drop()
            if perf_counter() > stop_s:
                break
        self._due = bool(waiting)
        if waiting:
            self._call_soon(self._round)
