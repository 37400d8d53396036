"""Subscriptions that were asked for: what becomes of their objects until they are answered."""

from typing import Any

from tsock.gateway.topic import Topic


class Pending:
    """Those of one request. Each topic notes what is announced of it, whoever else follows it or not."""

    __slots__ = ("_withdrawn", "topics")

    def __init__(self, topics: dict[str, Topic[Any]]) -> None:
        self.topics = topics
        """By SID."""
        self._withdrawn = set[str]()

    def withhold(self, sid: str) -> None:
        """The object may not be read any longer."""
        self._withdrawn.add(sid)

    def resume(self, sid: str) -> None:
        """It may be read again."""
        self._withdrawn.discard(sid)

    def stands(self, sid: str) -> bool:
        """Whether the object has neither ended since nor may it not be read any longer."""
        return not self.topics[sid].ended and sid not in self._withdrawn

    def is_current(self, sid: str, seq: int) -> bool:
        """Whether no change beyond `seq` has been announced."""
        topic = self.topics[sid]
        return max(topic.seq, topic.heard) <= seq
