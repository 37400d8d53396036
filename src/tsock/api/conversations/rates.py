"""How often one conversation may be changed: quotas, off by default."""

from collections.abc import Callable

from tsock.conversations.actor import ChatActor
from tsock.errors import ApiError
from tsock.rates import Rate
from tsock.settings import Settings


class ChatRates:
    """Counts mutations per conversation, as named in the path; what is made in a service counts for that."""

    def __init__(self, settings: Settings, monotonic_s: Callable[[], float]) -> None:
        per_s = settings.chat_mutations_per_conversation_per_s
        self._per_s = per_s
        self._mutations = Rate(per_s, per_s, monotonic_s)

    def mutation(self, actor: ChatActor, conversation: str | None) -> None:
        """Count one; `conversation` is None for what is made or removed in the service itself.

        Raises:
            ApiError: 429/50063.
        """
        if not self._mutations.take((actor.service_sid, conversation)):
            of = f"conversation {conversation}" if conversation else f"service {actor.service_sid}"
            raise ApiError(
                429,
                50063,
                f"Actions per second limit exceeded: actions in {of} are limited to {self._per_s:g}/s; "
                "repeat the request later, with a longer pause",
                about=conversation or actor.service_sid,
            )
