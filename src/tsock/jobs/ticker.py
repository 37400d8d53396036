"""Drives the deadlines from the event loop: one timer, armed for the earliest of them."""

import asyncio

from tsock.deadlines import Deadlines


class Ticker:
    """Runs deadlines when they fall due."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._deadlines: Deadlines | None = None

    def start(self, deadlines: Deadlines) -> None:
        """Begin to drive `deadlines`."""
        self._deadlines = deadlines
        self.run()

    def run(self) -> None:
        """Run what is due, then wait for what comes next."""
        if self._deadlines is not None:
            delay_s = self._deadlines.run_due()
            self._arm(delay_s)

    def run_all(self) -> None:
        """Run what is due, and what that made due, until nothing is; for a clock that was moved."""
        assert self._deadlines is not None
        while self._deadlines.run_due() == 0:
            pass
        self.run()

    def sooner(self) -> None:
        """Something earlier than all before was added: look again in the next turn."""
        self._arm(0)

    def stop(self) -> None:
        """Run nothing any more."""
        self._deadlines = None
        self._arm(None)

    def _arm(self, delay_s: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if delay_s is None else self._loop.call_later(delay_s, self.run)
