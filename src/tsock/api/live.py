"""The live connections behind requests, and what is delivered to them, as handlers and the hub see both."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from tsock.accounts.caller import Caller
from tsock.events import Origin

Accepted = Callable[[str], Iterable["LiveSession"]]
"""Finds the connections of an account that were let in."""
AcceptedAs = Callable[[str, str], Iterable["LiveSession"]]
"""The same of one identity of it."""


class Subscriber(Protocol):
    """What events are sent to."""

    number: int
    """Its number on this node."""
    subscriptions: dict[str, Any]
    """SIDs of the objects that it follows, each with what the hub keeps of it."""

    withheld: dict[str, int]
    """Objects that it followed until it might not read them any longer, each with the number it had."""

    pending: list[Any]
    """What the hub keeps of subscriptions that it has asked for and that are not answered yet."""

    @property
    def send(self) -> Callable[[bytes], object]:
        """Queues one complete WebSocket frame."""
        ...


class LiveSession(Subscriber, Protocol):
    """A connection that was let in."""

    caller: Caller | None
    """Who it is for; None until it was let in."""
    endpoint_id: str
    """The client that opened it; a grant of now may name another."""
    first_init_ms: int
    """When the endpoint first came; it may have had other connections since."""
    interrupted: dict[str, tuple[int, int]] | None
    """Objects whose replay goes on: where it stopped, and what the client knew at its beginning."""

    @property
    def origin(self) -> Origin:
        """Node and number: names it in the events that it causes."""
        ...

    def wants(self, message_type: str) -> bool:
        """Whether it registered for notifications of this type."""
        ...

    @property
    def is_gone(self) -> bool:
        """Whether its socket is closed, or about to be."""
        ...


class Pending(Protocol):
    """Subscriptions that were asked for and are not answered yet."""

    def stands(self, sid: str) -> bool:
        """Whether the object has neither ended since nor may it not be read any longer."""
        ...

    def is_current(self, sid: str, seq: int) -> bool:
        """Whether no change beyond `seq` has been announced."""
        ...


class Following(Protocol):
    """Who follows which objects: the hub."""

    def ask(self, subscriber: LiveSession, sids: Iterable[str]) -> Any:
        """Heed from now on what is announced of objects that a connection is about to follow: a `Pending`.

        What is read of them afterwards may be older than that. `answered` ends it, whatever came of it.
        """
        ...

    def answered(self, subscriber: LiveSession, pending: Any) -> None:
        """The connection follows what it was given of what it had asked for."""
        ...

    def join(self, subscriber: LiveSession, sid: str, seq: int, *, told: bool = False) -> None:
        """Follow an object from behind `seq`, in place of an earlier subscription to it.

        `told` says that the subscriber was just sent events of it.
        """
        ...

    def leave(self, subscriber: LiveSession, sid: str) -> None:
        """End the subscription to an object, if there is one."""
        ...

    def forbid(self, subscriber: LiveSession, sid: str) -> None:
        """The same where the object may not be read: nor is one that was asked for to begin."""
        ...

    def withhold(self, subscriber: LiveSession, sid: str) -> None:
        """The same, until it goes on."""
        ...

    def resume(self, subscriber: LiveSession, sid: str) -> None:
        """Go on with a subscription that was withheld, from where it stopped."""
        ...

    def of(self, subscriber: LiveSession) -> list[str]:
        """What a connection follows or has asked to follow."""
        ...
