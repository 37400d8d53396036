"""Whether the server lives, whether it can serve, and its figures."""

from collections.abc import Callable

import msgspec

from tsock.api.request import Answer, Door, Request, Response
from tsock.api.router import Route
from tsock.bus.bus import State
from tsock.clock import Clock
from tsock.telemetry.metrics import CONTENT_TYPE, Metrics


class HealthHandlers:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(
        self,
        metrics: Metrics,
        clock: Clock,
        problem: Callable[[], str | None],
        news: Callable[[], State | None],
    ) -> None:
        """Take what it is made of.

        Args:
            metrics: the figures.
            clock: shown where something is odd about it.
            problem: says why requests cannot be served now; None when they can.
            news: tells how the bus between nodes stands; None where there is none.
        """
        self._news = news
        self._metrics = metrics
        self._clock = clock
        self._problem = problem

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "GET", "/healthz", self.alive),
            Route(Door.HTTP, "GET", "/readyz", self.ready),
            Route(Door.HTTP, "GET", "/metrics", self.figures),
        ]

    def alive(self, request: Request) -> Answer:
        """The process runs and its event loop turns."""
        return Response(200, b'{"status":"ok"}')

    def ready(self, request: Request) -> Answer:
        """The store commits and reads, and clients are taken in; beside it how clock and bus are."""
        problem, notice = self._problem(), self._clock.notice()
        found = {"status": "ready"} if problem is None else {"status": "not_ready", "reason": problem}
        if notice is not None:
            found["clock"] = notice
        news = self._news()
        if news is not None:
            found["bus"] = news.standing.down or "connected"
        return Response(200 if problem is None else 503, msgspec.json.encode(found))

    def figures(self, request: Request) -> Answer:
        """Prometheus' page."""
        return Response(200, self._metrics.page(), CONTENT_TYPE)
