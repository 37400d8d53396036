"""Latency beside what the disk alone takes at the same time."""

from tsock.bench.figures import Figure
from tsock.bench.machine import fdatasync_us
from tsock.bench.server import Server


class Disk:
    """Measures the disk of the server's data when made, and again for `beside`."""

    def __init__(self, server: Server) -> None:
        self._data = server.host.data if server.host else None
        self._before_us = fdatasync_us(self._data) if self._data else 0.0

    def beside(self, figure: Figure) -> Figure:
        """`figure` with `fdatasync` before and after it, and its median as a multiple of their mean."""
        if self._data is None or figure.p50_us is None:
            return figure
        after_us = fdatasync_us(self._data)
        mean_us = (self._before_us + after_us) / 2
        return figure.noting(
            fdatasync_us_before=self._before_us,
            fdatasync_us_after=after_us,
            times_fdatasync=figure.p50_us / mean_us,
        )
