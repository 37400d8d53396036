"""Dates in requests, as each language writes them (`protocol/rest.md`, Dates)."""

import pytest

from tsock.api.rest import dates

EIGHT_MS = 1_769_846_400_000
"""2026-01-31, eight in the morning, UTC."""


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T08:00:00Z",
        "2026-01-31T08:00:00",
        "2026-01-31T08:00",
        "2026-01-31T08:00Z",
        "2026-01-31T08Z",
        "2026-01-31 08:00:00",
        "2026-01-31 08:00:00Z",
        "2026-01-31 08:00:00+00:00",
        "2026-01-31t08:00:00z",
        "2026-01-31T08:00:00-00:00",
        "2026-01-31T09:00:00+01:00",
        "2026-01-31T09:00:00+0100",
        "2026-01-31T09:00:00+01",
        "2026-01-31T02:15:00-05:45",
        "2026-02-01T07:59:00+23:59",
        "2026-01-31T09:00+01:00[Europe/Berlin]",
        "2026-01-31T09:00:00.000+01:00[Europe/Berlin]",
        "2026-01-31T08:00:00Z[UTC]",
        "2026-01-31T08:00:00.0Z",
        "2026-01-31T08:00:00,000000000Z",
        "20260131T080000Z",
        "20260131T090000+0100",
        "2026-W05-6T08:00:00Z",
        "2026-031T08:00:00Z",
        "2026031T080000Z",
    ],
)
def test_one_moment_is_the_same_however_it_is_written(text: str) -> None:
    assert dates.read(text) == dates.Moment(EIGHT_MS, EIGHT_MS, EIGHT_MS + 999)


@pytest.mark.parametrize(
    ("fraction", "ms"),
    [(".1", 100), (".123", 123), (".123456", 123), (".123456789", 123), (",9999", 999), (".0009", 0)],
)
def test_fraction_moves_the_moment_and_not_the_second_of_a_range(fraction: str, ms: int) -> None:
    for zone in ("Z", "", "+00:00"):
        found = dates.read(f"2026-01-31T08:00:00{fraction}{zone}")
        assert found == dates.Moment(EIGHT_MS + ms, EIGHT_MS, EIGHT_MS + 999)


@pytest.mark.parametrize("text", ["2026-01-31", "20260131", "2026-W05-6", "2026-031", "2026031"])
def test_date_alone_is_its_whole_day(text: str) -> None:
    begin_ms = EIGHT_MS - 8 * 3_600_000
    assert dates.read(text) == dates.Moment(begin_ms, begin_ms, begin_ms + 86_399_999)


@pytest.mark.parametrize("text", ["2026-01-30T24:00:00Z", "2026-01-30T24:00Z", "2026-01-30T23:59:60Z"])
def test_end_of_a_day_is_the_beginning_of_the_next(text: str) -> None:
    assert dates.read(text) == dates.read("2026-01-31T00:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "now",
        "2026",
        "2026-01",
        "2026-02-30",
        "2026-000",
        "2026-366",
        "9999-366",
        "0000-001",
        "2026-13-01",
        "2025-02-29",
        "2026-00-10",
        "0000-01-01",
        "2026-1-31",
        "26-01-31",
        "31.01.2026",
        "99999-01-01",
        "2026-01-31T",
        "2026-01-31Z",
        "2026-01-31+01:00",
        "2026-01-31T25:00:00Z",
        "2026-01-31T24:00:01Z",
        "2026-01-31T08:60:00Z",
        "2026-01-31T08:00:61Z",
        "2026-01-31T08:00:00.Z",
        "2026-01-31T08:00:00.1234567890Z",
        "2026-01-31T08:00:00+24:00",
        "2026-01-31T08:00:00+01:60",
        "2026-01-31T08:00:00 01:00",
        "2026-01-31T08:00:00 Europe/Berlin",
        "2026-01-31_08:00:00",
        " 2026-01-31",
        "2026-01-31\n",
        "1769846400",
        "\u0662026-01-31",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        "2026-W54-1",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert dates.read(text) is None
