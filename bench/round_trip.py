"""A way to PostgreSQL that takes longer: whatever it answers comes so much later.

`python -m bench.round_trip SOCKET TARGET MS` listens on one Unix socket and passes on to another.
"""

import selectors
import socket
import sys
import time
from collections import deque

_CHUNK_BYTES = 1 << 18


def main() -> None:
    """Pass on until the process is ended."""
    listening, target, ms = sys.argv[1:]
    _Way(listening, target, float(ms) / 1000).run()


class _Way:
    """Both directions of every connection, in one thread, timed finer than event loops do."""

    def __init__(self, listening: str, target: str, later_s: float) -> None:
        self._target = target
        self._later_s = later_s
        self._selector = selectors.SelectSelector()  # the others count in milliseconds
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(listening)
        self._door.listen(64)
        self._selector.register(self._door, selectors.EVENT_READ)
        self._answers: deque[tuple[float, socket.socket, bytes]] = deque()
        """What is passed on when its time has come; nothing closes a connection."""

    def run(self) -> None:
        while True:
            wait_s = max(0.0, self._answers[0][0] - time.monotonic()) if self._answers else None
            for key, _ in self._selector.select(wait_s):
                if key.fileobj is self._door:
                    self._connect()
                else:
                    self._move(key)
            now_s = time.monotonic()
            while self._answers and self._answers[0][0] <= now_s:
                _, to, data = self._answers.popleft()
                _pass(to, data)

    def _connect(self) -> None:
        client, _ = self._door.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        self._selector.register(client, selectors.EVENT_READ, (server, 0.0))
        self._selector.register(server, selectors.EVENT_READ, (client, self._later_s))

    def _move(self, key: selectors.SelectorKey) -> None:
        assert isinstance(key.fileobj, socket.socket)
        to, later_s = key.data
        data = key.fileobj.recv(_CHUNK_BYTES)
        if later_s:
            self._answers.append((time.monotonic() + later_s, to, data))
        else:
            _pass(to, data)
        if not data:
            self._selector.unregister(key.fileobj)


def _pass(to: socket.socket, data: bytes) -> None:
    """Send it, or the end."""
    try:
        if data:
            to.sendall(data)
        else:
            to.shutdown(socket.SHUT_WR)
    except OSError:
        return  # it has gone


if __name__ == "__main__":
    main()
