"""Figures of one process: plain numbers while it works, a Prometheus page when somebody asks.

On the hot path a figure is an attribute: `metrics.events += 1`. Names of series, labels and units are in
`metrics_page.py`, which is the only part that knows Prometheus.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of the page."""

COMMIT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
GROUP_RULES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Histogram:
    """Counts of values by upper bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulated(self) -> list[tuple[str, float]]:
        """Prometheus' buckets: the number of values up to each bound."""
        buckets: list[tuple[str, float]] = []
        count = 0
        for bound, own in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            count += own
            buckets.append((bound, count))
        return buckets


class Metrics:
    """What has happened since the process began."""

    def __init__(self) -> None:
        self.connections_opened = 0
        """WebSocket handshakes completed."""
        self.connections_closed = 0
        self.slow_readers = 0
        """Connections dropped because too much waited for them."""
        self.events = 0
        """Events announced, whoever listened."""
        self.deliveries = 0
        """Events handed to subscribers, one for each."""
        self.denials: Counter[int] = Counter()
        """Refused clients by error code."""
        self.requests: Counter[tuple[str, int]] = Counter()
        """Requests by route (its pattern, empty where none matched) and status."""
        self.webhooks_waiting = 0
        self.webhooks_sent = 0
        """Accepted by their targets."""
        self.webhooks_failed: Counter[int] = Counter()
        """Attempts that failed, by error code."""
        self.webhooks_given_up = 0
        self.pre_hooks: Counter[str] = Counter()
        """Questions to pre-action hooks, by what came of them."""
        self.commit_s = Histogram(COMMIT_SECONDS)
        self.group_rules = Histogram(GROUP_RULES)
        self.leads: Callable[[], bool] = lambda: True
        """Asks whether this node leads; one that is alone does."""
        self.nodes = 1
        """Nodes on the same database, as this one last heard; they divide what an account is allowed."""
        self.store_waiting: Callable[[], int] = lambda: 0
        """Asks the store how many writes wait."""

    def request(self, route: str, status: int) -> None:
        """Count one request that was answered."""
        self.requests[route, status] += 1

    def denied(self, code: int) -> None:
        """Count one token that was refused."""
        self.denials[code] += 1

    def committed(self, rules: int, took_s: float) -> None:
        """Count one commit: how many writes shared it and how long the disk took."""
        self.group_rules.add(rules)
        self.commit_s.add(took_s)

    def page(self) -> bytes:
        """Everything in Prometheus' text format, figures of the process itself included."""
        # Prometheus' client brings an HTTP server of its own, which whoever is never asked need not load.
        from tsock.telemetry.metrics_page import written  # noqa: PLC0415

        return written(self)
