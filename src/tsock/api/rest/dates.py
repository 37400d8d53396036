"""Dates in REST requests: every form of ISO 8601 that names a day or an instant (`protocol/rest.md`, Dates).

Each language writes them in its own way, and one moment has one effect however it is written.
"""

import re
from datetime import UTC, date, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_SECOND_MS, _DAY_MS = 1000, 86_400_000
_EARLIEST_MS = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MS
_LATEST_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MS
"""What an answer can show."""

# Offsets may be compact, and a time zone's name behind one says nothing more.
_form = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{4}-?W[0-9]{2}-?[1-7]|(?P<year>[0-9]{4})-?(?P<nth>[0-9]{3}))"
    r"(?:[Tt ](?P<hour>[01][0-9]|2[0-4])(?::?(?P<minute>[0-5][0-9])"
    r"(?::?(?P<second>[0-5][0-9]|60)(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<zone_hour>[01][0-9]|2[0-3]):?(?P<zone_minute>[0-5][0-9])?)?"
    r"(?:\[[A-Za-z0-9_+/-]{1,64}\])?)?",
    re.ASCII,
).fullmatch


class Moment(msgspec.Struct, frozen=True):
    """What a date names, in Unix milliseconds."""

    at_ms: int
    """A time, or the beginning of a day."""
    from_ms: int
    """Where a range begins that it opens: with its whole second, since dates in answers have no fractions."""
    until_ms: int
    """The last millisecond of a range that it closes: that of its second, or of its day."""


def read(text: str) -> Moment | None:
    """What `text` names, without a zone in UTC; None if it is no date.

    A fraction may have nine digits, minutes or seconds may be missing, and a blank may stand for the `T`. A
    date alone is its whole day.
    """
    found = _form(text)
    if found is None:
        return None
    try:
        day = date.fromisoformat(found["day"]) if found["nth"] is None else _nth(found["year"], found["nth"])
    except ValueError:
        return None
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH
    if found["hour"] is None:
        return _moment(begin, _DAY_MS)
    time = timedelta(
        hours=int(found["hour"]),
        minutes=int(found["minute"] or 0),
        seconds=int(found["second"] or 0),
        milliseconds=int(f"{found['fraction'] or ''}000"[:3]),
    )
    if time > timedelta(days=1):  # 24:00 is the end of a day
        return None
    offset = timedelta(hours=int(found["zone_hour"] or 0), minutes=int(found["zone_minute"] or 0))
    return _moment(begin + time + (offset if found["sign"] == "-" else -offset), _SECOND_MS)


def _nth(year: str, nth: str) -> date:
    """A day of a year by its number, which Python does not read.

    Raises:
        ValueError: the year has none such.
    """
    found = date.fromordinal(date(int(year), 1, 1).toordinal() + int(nth) - 1)
    if found.year != int(year):
        raise ValueError
    return found


def _moment(since_1970: timedelta, length_ms: int) -> Moment | None:
    at_ms = since_1970 // _MS
    from_ms = at_ms // _SECOND_MS * _SECOND_MS
    if not _EARLIEST_MS <= at_ms <= _LATEST_MS:
        return None
    return Moment(at_ms, from_ms, from_ms + length_ms - 1)
