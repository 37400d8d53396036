import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.rates import Rate, source


class Time:
    """Monotonic seconds, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


def taken(rate: Rate, key: object, tries: int) -> int:
    return sum(rate.take(key) for _ in range(tries))


@pytest.mark.parametrize(
    ("per_s", "burst", "at_once"), [(1, 1, 1), (10, 10, 10), (2, 20, 20), (0.5, 3, 3), (5, 0.1, 1)]
)
def test_burst_is_had_at_once_and_then_one_each_interval(
    time: Time, per_s: float, burst: float, at_once: int
) -> None:
    rate = Rate(per_s, burst, time)
    assert taken(rate, "a", 100) == at_once
    for _ in range(5):
        time.now_s += 1 / per_s
        assert taken(rate, "a", 100) == 1


def test_idle_key_gets_its_whole_burst_back_and_no_more(time: Time) -> None:
    rate = Rate(2, 4, time)
    assert taken(rate, "a", 10) == 4
    time.now_s += 1000
    assert taken(rate, "a", 10) == 4


def test_refused_attempts_do_not_count(time: Time) -> None:
    rate = Rate(1, 1, time)
    assert taken(rate, "a", 1000) == 1
    time.now_s += 1
    assert rate.take("a")


def test_heavy_one_is_let_through_like_any_and_holds_up_the_next_in_full(time: Time) -> None:
    rate = Rate(1, 1, time)
    assert rate.take("a", 10)
    time.now_s += 9.9
    assert not rate.take("a")
    time.now_s += 0.1
    assert rate.take("a")


def test_burst_holds_fewer_heavy_ones(time: Time) -> None:
    rate = Rate(20, 200, time)
    assert sum(rate.take("a", 10) for _ in range(100)) == 20
    time.now_s += 10
    assert sum(rate.take("a", 10) for _ in range(100)) == 20


def test_keys_do_not_concern_each_other(time: Time) -> None:
    rate = Rate(1, 1, time)
    assert [rate.take(key) for key in ("a", "b", ("a", "b"), None, "a")] == [True, True, True, True, False]


def test_rate_of_0_is_off(time: Time) -> None:
    rate = Rate(0, 0, time)
    assert taken(rate, "a", 10_000) == 10_000


def test_forgotten_key_is_as_good_as_new(time: Time) -> None:
    rate = Rate(1, 1, time)
    rate.take("a")
    rate.forget("a")
    rate.forget("never seen")
    assert rate.take("a")


def test_keys_whose_allowance_is_full_again_take_no_memory(time: Time) -> None:
    rate = Rate(1, 1, time)
    for number in range(100_000):
        assert rate.take(number)
        time.now_s += 0.01
    assert len(rate._until) <= 1025
    assert not rate.take(99_999)


@given(
    per_s=st.floats(0.1, 1000),
    burst=st.integers(1, 50),
    waits_s=st.lists(st.floats(0, 2) | st.just(0.0), min_size=1, max_size=80),
)
def test_no_stretch_of_time_lets_more_through_than_burst_and_rate_allow(
    per_s: float, burst: int, waits_s: list[float]
) -> None:
    time = Time()
    rate = Rate(per_s, burst, time)
    moments: list[float] = []
    for wait_s in waits_s:
        time.now_s += wait_s
        if rate.take("a"):
            moments.append(time.now_s)
    for first, start in enumerate(moments):
        for last in range(first, len(moments)):
            assert last - first + 1 <= burst + per_s * (moments[last] - start) + 1e-3


@given(per_s=st.floats(0.1, 1000), burst=st.integers(1, 50), spare=st.floats(1.0, 3.0))
def test_steady_use_within_the_rate_is_never_refused(per_s: float, burst: int, spare: float) -> None:
    time = Time()
    rate = Rate(per_s, burst, time)
    for _ in range(200):
        assert rate.take("a")
        time.now_s += spare / per_s


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:7::1", "2001:db8:0:7::/64"),
        ("2001:DB8:0:7:ffff:ffff:ffff:ffff", "2001:db8:0:7::/64"),
        ("2001:db8:0:8::1", "2001:db8:0:8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("not:an address", "not:an address"),
        ("", ""),
    ],
)
def test_address_counts_as_its_network_where_it_is_of_ipv6(address: str, counts_as: str) -> None:
    assert source(address) == counts_as


@pytest.mark.parametrize(("per_s", "nodes", "at_once"), [(20, 1, 20), (20, 2, 10), (20, 3, 7), (2, 9, 1)])
def test_what_counts_for_several_is_had_so_much_less_often(
    time: Time, per_s: float, nodes: int, at_once: int
) -> None:
    rate = Rate(per_s, per_s, time)
    assert sum(rate.take("a", nodes) for _ in range(100)) == at_once
    for _ in range(5):
        time.now_s += nodes / per_s
        assert sum(rate.take("a", nodes) for _ in range(100)) == 1
