"""Paths that lost a part: a library built them of something empty, or of a variable that is not set."""

from collections.abc import Sequence

from tsock.errors import ApiError, not_found
from tsock.unset import is_unset

_NAMES = ("{item}", "{identity}")
"""What ends a pattern of Sync with a name that nobody hands out: an empty one has a code of its own."""


def refuse_empty(path: str, segments: Sequence[str], pattern: Sequence[str]) -> None:
    """Refuse a path that lost a part, whatever else is wrong; arguments as of `telling_path`.

    Raises:
        ApiError: 404/20404.
    """
    lost = _empty(path, segments, pattern)
    if lost is not None and (pattern[-1] not in _NAMES or "" in segments[:-1]):
        raise lost


def telling_path(error: Exception, path: str, segments: Sequence[str], pattern: Sequence[str]) -> Exception:
    """The error, with the path that was asked for where the client lost a part of it; a library built it.

    Args:
        error: the answer to a request; of interest only if its path or method is not served.
        path: as it was sent.
        segments: of the path, decoded.
        pattern: of the route, as many as of the path; none where there is no route.
    """
    if not isinstance(error, ApiError) or error.status not in (404, 405):
        return error
    lost = _empty(path, segments, pattern)
    if lost is not None:
        return lost
    unset = next((place for place, segment in enumerate(segments) if is_unset(segment)), None)
    if unset is None or error.status != 404:
        return error
    told = f"{_shown(path)}: {_part(pattern, unset)} is {segments[unset]!r}, as of a variable that is not set"
    return ApiError(404, error.code, f"{error.message} ({told})", error.headers, about=error.about)


def _empty(path: str, segments: Sequence[str], pattern: Sequence[str]) -> ApiError | None:
    empty = dict.fromkeys(_part(pattern, place) for place, segment in enumerate(segments) if not segment)
    if not empty:
        return None
    return not_found(f"{_shown(path)}: {' and '.join(empty)} {'are' if len(empty) > 1 else 'is'} empty")


def _part(pattern: Sequence[str], place: int) -> str:
    return f"the {pattern[place].strip('{}')}" if pattern else "a part of it"


def _shown(path: str) -> str:
    return repr(path[:400])[1:-1]  # control characters escaped
