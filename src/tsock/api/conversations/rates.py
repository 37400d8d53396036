"""How often one conversation may be changed: quotas, off by default."""

from collections.abc import Callable, Sequence

from tsock.conversations.actor import ChatActor
from tsock.errors import ApiError
from tsock.ids import canonical_sid
from tsock.rates import Rate
from tsock.settings import Settings

_CHANGED = ("Conversations", "Channels")
_MADE = (*_CHANGED, "Users", "Roles")
"""What a service counts when it is made or removed."""


class ChatRates:
    """Counts mutations per conversation, as named in the path; what is made in a service counts for that."""

    def __init__(self, settings: Settings, monotonic_s: Callable[[], float]) -> None:
        per_s = settings.chat_mutations_per_conversation_per_s
        self._per_s = per_s
        self._is_on = per_s > 0
        self._mutations = Rate(per_s, per_s, monotonic_s)

    def count(self, actor: ChatActor, method: str, place: Sequence[str]) -> None:
        """Count a request if it changes something; `place` is its path within the service.

        Raises:
            ApiError: 429/50063.
        """
        if not self._is_on or method == "GET" or not place:
            return
        of_service = len(place) == 1 or (len(place) == 2 and method == "DELETE")
        if place[0] not in (_MADE if of_service else _CHANGED):
            return
        conversation = None if of_service else canonical_sid(place[1])
        if not self._mutations.take((actor.service_sid, conversation)):
            of = f"conversation {conversation}" if conversation else f"service {actor.service_sid}"
            raise ApiError(
                429,
                50063,
                f"Actions per second limit exceeded: actions in {of} are limited to {self._per_s:g}/s; "
                "repeat the request later, with a longer pause",
                about=conversation or actor.service_sid,
            )
