"""What tells whether two databases hold the same rows."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tsock.storage.tally import Tally

VALUES = st.one_of(
    st.none(),
    st.text(),
    st.binary(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.sampled_from(["", "\U0001f600", "\0", "1", 1, 1.0, 0, -0.0, b"", b"1"]),
)
ROWS = st.lists(st.tuples(VALUES, VALUES))


def found(*batches: list[Any]) -> tuple[int, str]:
    tally = Tally()
    for batch in batches:
        tally.add(batch)
    return tally.rows, tally.digest


@given(ROWS, st.randoms())
def test_order_and_batches_of_rows_do_not_matter(rows: list[Any], random: Any) -> None:
    other = random.sample(rows, len(rows))
    middle = random.randint(0, len(rows))
    assert found(other[:middle], other[middle:]) == found(rows)


@given(ROWS, ROWS)
def test_other_rows_are_told_apart(rows: list[Any], others: list[Any]) -> None:
    are_alike = sorted(map(repr, rows)) == sorted(map(repr, others))
    assert (found(rows) == found(others)) == are_alike


@given(st.tuples(VALUES, VALUES), st.tuples(VALUES, VALUES))
def test_rows_that_repeat_do_not_cancel_each_other(row: Any, other: Any) -> None:
    assert found([row, row])[1] not in (found([])[1], found([row])[1])
    assert (found([row, row]) == found([other, other])) == (repr(row) == repr(other))
