import pytest
from prometheus_client.parser import text_string_to_metric_families

from tsock.telemetry.metrics import COMMIT_SECONDS, Metrics


@pytest.fixture
def metrics():
    return Metrics()


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One value, as a Prometheus server would read it from the page."""
    for family in text_string_to_metric_families(metrics.page().decode()):
        for found in family.samples:
            if (found.name, found.labels) == (name, labels):
                return found.value
    return None


def test_page_of_a_fresh_process_shows_every_series_at_zero(metrics):
    for name in (
        "tsock_connections",
        "tsock_connections_opened_total",
        "tsock_slow_readers_total",
        "tsock_events_total",
        "tsock_deliveries_total",
        "tsock_webhooks_waiting",
        "tsock_webhooks_sent_total",
        "tsock_webhooks_given_up_total",
        "tsock_store_waiting",
        "tsock_commit_seconds_count",
        "tsock_commit_group_rules_count",
    ):
        assert sample(metrics, name) == 0, name


def test_standing_connections_are_those_opened_and_not_closed(metrics):
    metrics.connections_opened += 5
    metrics.connections_closed += 2
    assert sample(metrics, "tsock_connections") == 3
    assert sample(metrics, "tsock_connections_opened_total") == 5


def test_counts_reach_the_page(metrics):
    metrics.events += 3
    metrics.deliveries += 3000
    metrics.slow_readers += 1
    metrics.store_waiting = lambda: 17
    metrics.webhooks_waiting += 2
    metrics.webhooks_sent += 5
    metrics.webhooks_failed[11203] += 4
    metrics.webhooks_given_up += 1
    assert sample(metrics, "tsock_events_total") == 3
    assert sample(metrics, "tsock_deliveries_total") == 3000
    assert sample(metrics, "tsock_slow_readers_total") == 1
    assert sample(metrics, "tsock_store_waiting") == 17
    assert sample(metrics, "tsock_webhooks_waiting") == 2
    assert sample(metrics, "tsock_webhooks_sent_total") == 5
    assert sample(metrics, "tsock_webhooks_failed_total", code="11203") == 4
    assert sample(metrics, "tsock_webhooks_given_up_total") == 1


def test_requests_are_told_apart_by_route_and_status_and_denials_by_code(metrics):
    metrics.request("GET /v3/Services/{}/Documents/{}", 200)
    metrics.request("GET /v3/Services/{}/Documents/{}", 200)
    metrics.request("GET /v3/Services/{}/Documents/{}", 404)
    metrics.request("", 404)
    metrics.denied(20104)
    route = "GET /v3/Services/{}/Documents/{}"
    assert sample(metrics, "tsock_requests_total", route=route, status="200") == 2
    assert sample(metrics, "tsock_requests_total", route=route, status="404") == 1
    assert sample(metrics, "tsock_requests_total", route="none", status="404") == 1
    assert sample(metrics, "tsock_denials_total", code="20104") == 1


def test_commit_counts_in_its_bucket_and_every_larger_one(metrics):
    metrics.committed(1, 0.0004)
    metrics.committed(3, 0.001)  # a bound belongs to its own bucket
    metrics.committed(2000, 60)
    buckets = [sample(metrics, "tsock_commit_seconds_bucket", le=str(bound)) for bound in COMMIT_SECONDS]
    assert buckets == [1, *[2] * (len(COMMIT_SECONDS) - 1)]
    assert sample(metrics, "tsock_commit_seconds_bucket", le="+Inf") == 3
    assert sample(metrics, "tsock_commit_seconds_sum") == pytest.approx(60.0014)
    assert sample(metrics, "tsock_commit_group_rules_bucket", le="2") == 1
    assert sample(metrics, "tsock_commit_group_rules_bucket", le="4") == 2
    assert sample(metrics, "tsock_commit_group_rules_count") == 3
    assert sample(metrics, "tsock_commit_group_rules_sum") == 2004
