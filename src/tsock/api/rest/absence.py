"""How REST says that something is absent: with one code."""

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from tsock.api.request import Answer, Ask, Read, Write
from tsock.errors import ApiError, not_found
from tsock.storage.store import Tx


def telling_20404(answer: Answer, kept: Collection[int]) -> Answer:
    """The answer, but for what its rule finds absent: that is 404/20404.

    Args:
        answer: of a handler.
        kept: codes of 404 that REST has too.
    """
    if isinstance(answer, Read):
        return Read(_telling(answer.query, kept), answer.reply)
    if isinstance(answer, Write):
        return replace(answer, rule=_telling(answer.rule, kept))
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
        raise not_found(error.message) from error
