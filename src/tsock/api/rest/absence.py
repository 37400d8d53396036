"""How REST says that something is absent: with one code, and the path where a part of that got lost."""

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from typing import Any

from tsock.api.request import Answer, Ask, Read, Write
from tsock.errors import ApiError, not_found
from tsock.storage.store import Tx
from tsock.unset import is_unset


def telling_20404(answer: Answer, kept: Collection[int]) -> Answer:
    """The answer, but for what its rule finds absent: that is 404/20404.

    Args:
        answer: of a handler.
        kept: codes of 404 that REST has too.
    """
    if isinstance(answer, Read):
        return Read(_telling(answer.query, kept), answer.reply)
    if isinstance(answer, Write):
        return Write(_telling(answer.rule, kept), answer.about)
    if isinstance(answer, Ask):
        return _asking(answer, kept)
    return answer


def _asking(answer: Ask[Any], kept: Collection[int]) -> Ask[Any]:
    async def question() -> Any:
        with _told(kept):
            return await answer.question()

    return Ask(question, lambda found: telling_20404(answer.then(found), kept), answer.leaves)


def _telling(work: Callable[[Tx], Any], kept: Collection[int]) -> Callable[[Tx], Any]:
    def run(tx: Tx) -> Any:
        with _told(kept):
            return work(tx)

    return run


@contextmanager
def _told(kept: Collection[int]) -> Generator[None]:
    try:
        yield
    except ApiError as error:
        if error.status != 404 or error.code in kept:
            raise
        raise not_found(f"{error.message}") from None


def telling_path(error: Exception, path: str, segments: Sequence[str], pattern: Sequence[str]) -> Exception:
    """The error, with the path that was asked for where the client lost a part of it; a library built it.

    Args:
        error: the answer to a request; of interest only if it is a 404.
        path: as it was sent.
        segments: of the path, decoded.
        pattern: of the route, as many as of the path; none where there is no route.
    """
    if not isinstance(error, ApiError) or error.status != 404:
        return error
    shown = repr(path[:400])[1:-1]  # control characters escaped

    def part(place: int) -> str:
        return f"the {pattern[place].strip('{}')}" if pattern else "a part of it"

    empty = [part(place) for place, segment in enumerate(segments) if not segment]
    if empty:
        return not_found(
            f"{shown}: {' and '.join(dict.fromkeys(empty))} {'are' if len(set(empty)) > 1 else 'is'} empty"
        )
    unset = next((place for place, segment in enumerate(segments) if is_unset(segment)), None)
    if unset is None:
        return error
    lost = f"{shown}: {part(unset)} is {segments[unset]!r}, as of a variable that is not set"
    return ApiError(404, error.code, f"{error.message} ({lost})", error.headers, about=error.about)
