"""Whether the server lives, whether it can serve, and its figures."""

from collections.abc import Callable

import msgspec

from tsock.api.request import Answer, Door, Request, Response
from tsock.api.router import Route
from tsock.telemetry.metrics import CONTENT_TYPE, Metrics


class HealthHandlers:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, metrics: Metrics, problem: Callable[[], str | None]) -> None:
        """`problem` says why requests cannot be served now; None when they can."""
        self._metrics = metrics
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
        """The store commits, and clients are taken in."""
        problem = self._problem()
        if problem is None:
            return Response(200, b'{"status":"ready"}')
        return Response(503, msgspec.json.encode({"status": "not_ready", "reason": problem}))

    def figures(self, request: Request) -> Answer:
        """Prometheus' page."""
        return Response(200, self._metrics.page(), CONTENT_TYPE)
