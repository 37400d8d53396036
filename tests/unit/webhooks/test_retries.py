"""When a delivery that failed is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.box import Box
from tsock.settings import Settings
from tsock.webhooks.failure import Fault
from tsock.webhooks.outbox import Delivery
from tsock.webhooks.retries import HOUR_MS, Again, Retries

SETTINGS = Settings(webhook_retry_s_min=2.0, webhook_retry_s_max=600.0, webhook_hold_s=300.0)
BUSY = Fault(11217, "the target answered 503")


def one() -> Delivery:
    box = Box()
    box.put("one")
    return box.of("one")


ONE = one()
NOW_MS = ONE.created_ms


def after(
    delivery: Delivery, fault: Fault = BUSY, now_ms: int = NOW_MS, *, chance: float = 0.5
) -> Again | None:
    return Retries(SETTINGS, lambda: chance).after(delivery, fault, now_ms)


@pytest.mark.parametrize(
    ("attempts", "earliest_s", "latest_s"),
    [(0, 2, 4), (1, 2, 8), (2, 2, 16), (7, 2, 512), (8, 2, 600), (500, 2, 600)],
)
def test_room_for_chance_doubles_up_to_the_longest_wait(
    attempts: int, earliest_s: int, latest_s: int
) -> None:
    delivery = replace(ONE, attempts=attempts)

    earliest, latest = after(delivery, chance=0.0), after(delivery, chance=1.0)

    assert earliest is not None
    assert latest is not None
    assert earliest.next_ms == NOW_MS + earliest_s * 1000
    assert latest.next_ms == NOW_MS + latest_s * 1000


def test_target_is_spared_as_long_as_it_asks_within_the_longest_wait() -> None:
    spared = after(ONE, replace(BUSY, retry_after_s=100))
    spared_long = after(ONE, replace(BUSY, retry_after_s=10**9))

    assert spared is not None
    assert spared_long is not None
    assert (spared.next_ms, spared_long.next_ms) == (NOW_MS + 100_000, NOW_MS + 600_000)


@given(
    st.integers(0, 100),
    st.integers(0, 30 * HOUR_MS),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 1000),
)
def test_no_attempt_is_later_than_the_end_and_none_beyond_the_hold_holds(
    attempts: int, failing_ms: int, chance: float, retry_after_s: int
) -> None:
    since_ms = NOW_MS - failing_ms
    delivery = replace(ONE, attempts=attempts, failing_since_ms=since_ms)

    again = after(delivery, replace(BUSY, retry_after_s=retry_after_s), chance=chance)

    if again is None:
        assert since_ms + 24 * HOUR_MS < NOW_MS + 600_000
    else:
        assert NOW_MS + 2000 <= again.next_ms <= min(NOW_MS + 600_000, since_ms + 24 * HOUR_MS)
        assert again.holds_topic == (again.next_ms <= since_ms + 300_000)


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_url_may_ask_for_fewer_retries(retries: int) -> None:
    delivery = replace(ONE, url=f"{ONE.url}#rc={retries}")

    for attempts in range(retries):
        assert after(replace(delivery, attempts=attempts)) is not None
    assert after(replace(delivery, attempts=retries)) is None


def test_nothing_follows_what_would_end_the_same_or_tells_of_an_alert() -> None:
    assert after(ONE, replace(BUSY, is_final=True)) is None
    assert after(replace(ONE, kind="debugger")) is None
