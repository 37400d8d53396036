"""The figures of a process in Prometheus' text format."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tsock.telemetry.metrics import Histogram, Metrics


def written(metrics: Metrics) -> bytes:
    """Everything, figures of the process itself included."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(metrics))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Page(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        of = self._metrics
        standing = of.connections_opened - of.connections_closed
        yield GaugeMetricFamily("tsock_connections", "Connections that stand now", standing)
        yield CounterMetricFamily("tsock_connections_opened", "Connections opened", of.connections_opened)
        yield CounterMetricFamily(
            "tsock_slow_readers", "Connections dropped since they read too slowly", of.slow_readers
        )
        denials = CounterMetricFamily("tsock_denials", "Refused clients by error code", labels=["code"])
        for code, count in sorted(of.denials.items()):
            denials.add_metric([str(code)], count)
        yield denials
        requests = CounterMetricFamily("tsock_requests", "Requests answered", labels=["route", "status"])
        for (route, status), count in sorted(of.requests.items()):
            requests.add_metric([route or "none", str(status)], count)
        yield requests
        yield CounterMetricFamily("tsock_events", "Events announced", of.events)
        yield CounterMetricFamily("tsock_deliveries", "Events handed to subscribers", of.deliveries)
        yield GaugeMetricFamily("tsock_webhooks_waiting", "Webhooks to be delivered", of.webhooks_waiting)
        yield CounterMetricFamily("tsock_webhooks_sent", "Webhooks delivered", of.webhooks_sent)
        failed = CounterMetricFamily(
            "tsock_webhooks_failed", "Attempts to deliver that failed, by error code", labels=["code"]
        )
        for code, count in sorted(of.webhooks_failed.items()):
            failed.add_metric([str(code)], count)
        yield failed
        yield CounterMetricFamily(
            "tsock_webhooks_given_up", "Webhooks that became dead letters", of.webhooks_given_up
        )
        asked = CounterMetricFamily(
            "tsock_pre_hooks", "Questions to pre-action hooks by outcome", labels=["outcome"]
        )
        for outcome, count in sorted(of.pre_hooks.items()):
            asked.add_metric([outcome], count)
        yield asked
        yield GaugeMetricFamily("tsock_leader", "Whether this node leads: 1, or 0", int(of.leads()))
        yield GaugeMetricFamily("tsock_nodes", "Nodes on the same database", of.nodes)
        yield GaugeMetricFamily("tsock_store_waiting", "Writes waiting for the store", of.store_waiting())
        yield _histogram("tsock_commit_seconds", "Time a commit waited for the disk", of.commit_s)
        yield _histogram("tsock_commit_group_rules", "Writes that shared a commit", of.group_rules)


def _histogram(name: str, text: str, values: Histogram) -> Metric:
    return HistogramMetricFamily(name, text, buckets=values.cumulated(), sum_value=values.total)
