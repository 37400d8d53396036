"""An event loop, as far as somebody needs one who only sets timers."""

from collections.abc import Callable


class Timer:
    """One pending call; it stands among the loop's timers until it is cancelled."""

    def __init__(self, timers: list["Timer"], delay_s: float, callback: Callable[[], object]) -> None:
        self.delay_s = delay_s
        self.callback = callback
        self._timers = timers
        timers.append(self)

    def cancel(self) -> None:
        if self in self._timers:
            self._timers.remove(self)


class Loop:
    """Keeps the timers that wait; a test lets them go off."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        return Timer(self.timers, delay_s, callback)
