"""Paths that lost a part: a library built them of something empty, or of a variable that is not set."""

from collections.abc import Sequence

from tsock.errors import ApiError, not_found
from tsock.unset import is_unset

_NAMES = ("{item}", "{identity}")
"""What ends a pattern of Sync with a name that nobody hands out: an empty one has a code of its own."""
_OF_NAMES = frozenset((54151, 54201, 54209, 54351, 54354, 54458))
"""Codes of such a name: bad, or of nothing in an object that is there."""


def refuse_empty(path: str, segments: Sequence[str], pattern: Sequence[str]) -> None:
    """Refuse a path that lost a part, whatever else is wrong; arguments as of `telling_path`.

    Raises:
        ApiError: 404/20404.
    """
    lost = _empty(segments, pattern)
    if lost and (pattern[-1] not in _NAMES or "" in segments[:-1]):
        raise not_found(f"{_shown(path)}: {lost}")


def telling_path(error: Exception, path: str, segments: Sequence[str], pattern: Sequence[str]) -> Exception:
    """The error, with the path that was asked for where the client lost a part of it; a library built it.

    Args:
        error: the answer to a request; of interest only if its path or method is not served, or the name at
            its end is none.
        path: as it was sent.
        segments: of the path, decoded.
        pattern: of the route, as many as of the path; none where there is no route.
    """
    if not isinstance(error, ApiError):
        return error
    cause = error.__cause__ if isinstance(error.__cause__, ApiError) else error  # see `absence.py`
    is_of_name = cause.code in _OF_NAMES and bool(pattern) and pattern[-1] in _NAMES
    if error.status not in (404, 405) and not is_of_name:
        return error
    told = _empty(segments, pattern)
    if told and not is_of_name:
        return not_found(f"{_shown(path)}: {told}")
    if not told and error.status != 405:
        told = _unset(segments, pattern, first=len(segments) - 1 if is_of_name else 0)
    if not told:
        return error
    message = f"{error.message} ({_shown(path)}: {told})"
    return ApiError(error.status, error.code, message, error.headers, about=error.about, fix=error.fix)


def _empty(segments: Sequence[str], pattern: Sequence[str]) -> str:
    empty = dict.fromkeys(_part(pattern, place) for place, segment in enumerate(segments) if not segment)
    return f"{' and '.join(empty)} {'are' if len(empty) > 1 else 'is'} empty" if empty else ""


def _unset(segments: Sequence[str], pattern: Sequence[str], *, first: int) -> str:
    """Which of the segments from `first` on is not set, if one is."""
    place = next((place for place in range(first, len(segments)) if is_unset(segments[place])), None)
    if place is None:
        return ""
    return f"{_part(pattern, place)} is {segments[place]!r}, as of a variable that is not set"


def _part(pattern: Sequence[str], place: int) -> str:
    return f"the {pattern[place].strip('{}')}" if pattern else "a part of it"


def _shown(path: str) -> str:
    return repr(path[:400])[1:-1]  # control characters escaped
