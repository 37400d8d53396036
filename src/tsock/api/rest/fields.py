"""Parameters of REST requests: from a form or a query to text, numbers, flags and dates.

A parameter that nobody reads is ignored, as documented; one that is read and malformed is refused, and so is
one that is given twice where one value is meant, since the two might differ; but for those of paging.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

from tsock.api.request import Request
from tsock.api.rest import dates
from tsock.api.rest.dates import Moment
from tsock.errors import ApiError, invalid
from tsock.ids import is_sid
from tsock.storage.texts import refuse_nul

FORM = "application/x-www-form-urlencoded"
FIELDS_MAX = 1000
"""Of one form or query."""
PAGING = frozenset(("PageSize", "Page", "PageToken"))
"""What every list takes."""

_MALFORMED_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_WHOLE = re.compile("[+-]?[0-9]{1,18}")
_BROKEN_OFFSET = re.compile(r"[:T][0-9.]+ [0-9]{2}:?[0-9]{2}$")
"""A + that was not encoded arrives as a blank."""
_FLAGS = {"true": True, "false": False}


class Fields:
    """Parameters by name."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    @property
    def names(self) -> set[str]:
        """What was given."""
        return set(self._values)

    def text(self, name: str) -> str | None:
        """One value; None when it was left out.

        Raises:
            ApiError: 400/20422, it was given more than once.
        """
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise invalid(f"{name} was given {len(values)} times, expected it once")
        return values[0]

    def texts(self, name: str) -> list[str]:
        """Every value of a list."""
        return list(self._values.get(name, ()))

    def whole(self, name: str, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`.

        Raises:
            ApiError: 400/20422, it is none.
        """
        text = self.text(name)
        if text is None:
            return None
        if _WHOLE.fullmatch(text) is None or not low <= int(text) <= high:
            raise invalid(f"{name} is a whole number from {low} to {high}, not {shown(text)}")
        return int(text)

    def flag(self, name: str) -> bool | None:
        """`true` or `false`, in any case.

        Raises:
            ApiError: 400/20422, it is neither.
        """
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in _FLAGS:
            raise invalid(f"{name} is true or false, not {shown(text)}")
        return _FLAGS[text.lower()]

    def choice(self, name: str, *choices: str) -> str | None:
        """One of these words.

        Raises:
            ApiError: 400/20422, it is another one.
        """
        text = self.text(name)
        if text is not None and text not in choices:
            raise invalid(f"{name} is one of {', '.join(choices)}, not {shown(text)}")
        return text

    def sid(self, name: str, *prefixes: str) -> str | None:
        """A SID that begins with one of these letters.

        Raises:
            ApiError: 400/20423, it does not, or is no SID.
        """
        text = self.text(name)
        if text is not None and not is_sid(text, prefixes):
            kinds = " or ".join(prefixes)
            raise ApiError(400, 20423, f"Invalid SID: {name} is {kinds} and 32 hex digits, not {shown(text)}")
        return text

    def moment(self, name: str, code: int = 20422) -> Moment | None:
        """A date such as `2026-01-31`, or a time such as `2026-01-31T08:00:00Z`, in any form of ISO 8601.

        Raises:
            ApiError: 400 with `code`, it is neither.
        """
        text = self.text(name)
        if text is None:
            return None
        found = dates.read(text)
        if found is None:
            expected = f"{name} is a date like 2026-01-31 or a time like 2026-01-31T08:00:00Z"
            hint = "; a + is to be sent as %2B" if _BROKEN_OFFSET.search(text) else ""
            raise ApiError(400, code, f"Invalid Parameter: {expected}, not {shown(text)}{hint}")
        return found

    def moment_ms(self, name: str, code: int = 20422) -> int | None:
        """The same, as Unix milliseconds.

        Raises:
            ApiError: 400 with `code`, it is no date.
        """
        found = self.moment(name, code)
        return None if found is None else found.at_ms

    def range_ms(self, start: str, end: str) -> tuple[int | None, int | None]:
        """The first and the last millisecond of the range that two dates name, its whole seconds or days.

        Raises:
            ApiError: 400/20422, one of them is no date.
        """
        first, last = self.moment(start), self.moment(end)
        return None if first is None else first.from_ms, None if last is None else last.until_ms


def of_query(request: Request) -> Fields:
    """What stands behind the question mark.

    Of a paging parameter given twice the first counts, which the caller set: Java's library adds its own.
    """
    given: list[tuple[str, str]] = []
    seen: set[str] = set()
    for name, value in request.query:
        if name not in seen:
            given.append((name, value))
        if name in PAGING:
            seen.add(name)
    return Fields(given)


def of_form(request: Request) -> Fields:
    """What a POST carries as its body.

    Raises:
        ApiError: 400/20422, it is no form, or not well-formed.
    """
    if not request.body:
        return Fields(())
    media_type = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    if media_type != FORM:
        raise invalid(f"expected the header Content-Type to be {FORM}, not {shown(media_type)}")
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise invalid("expected the form to be UTF-8") from None
    return Fields(pairs(text, "form"))


def check_percents(text: str, where: str) -> None:
    """Refuse a `%` that encodes nothing; `where` is for the error.

    Raises:
        ApiError: 400/20422.
    """
    if _MALFORMED_PERCENT.search(text):
        raise invalid(f"expected two hex digits behind each % of the {where}")


def shown(text: str) -> str:
    """What came, short enough for an error text and without control characters."""
    return repr(text if len(text) <= 64 else f"{text[:64]}…")


def pairs(text: str, where: str) -> list[tuple[str, str]]:
    """Names and values of a form or query, in their order; `where` says which, for the error.

    Raises:
        ApiError: 400/20422, it is malformed, or a query with U+0000: a form may have that where it is stored
            as JSON.
    """
    pieces = [piece for piece in text.split("&") if piece]
    if len(pieces) > FIELDS_MAX:
        raise invalid(f"the {where} has {len(pieces)} fields, expected at most {FIELDS_MAX}")
    check_percents(text, where)
    found: list[tuple[str, str]] = []
    try:
        for piece in pieces:
            name, equals, value = piece.partition("=")
            if not equals and where == "form":
                # Not what came: JSON sent as a form is data, and this text gets into an alert.
                raise invalid("expected nothing but Name=Value in the form, found a field without =")
            found.append((unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")))
    except UnicodeDecodeError:
        raise invalid(f"expected the {where} to be percent-encoded UTF-8") from None
    if where == "query":
        for pair in found:
            refuse_nul("".join(pair), "a query")
    return found
