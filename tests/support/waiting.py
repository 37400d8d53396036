"""Deadlines of parts that are tested by themselves, and the time that moves them."""

from tsock.clock import Clock
from tsock.deadlines import Deadlines


class Waiting:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self._passed_s = 0.0
        self._errors: list[Exception] = []
        self.deadlines = Deadlines(Clock(lambda: 0, self.now_s), self._errors.append)

    def now_s(self) -> float:
        """The monotonic clock."""
        return self._passed_s

    def pass_s(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        self._passed_s += seconds
        while self.deadlines.run_due() == 0:
            pass
        assert not self._errors, self._errors
