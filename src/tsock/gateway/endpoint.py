"""What the parts of the gateway know of a connection that is not theirs to change."""

from typing import Protocol

from tsock.accounts.caller import Caller


class Endpoint(Protocol):
    """A client's connection, let in or not."""

    number: int
    """Identifies it within this process."""
    address: str
    """Of the client."""
    sdk: str
    """Name, version and platform as the client gave them; empty until its `init`."""
    registered: tuple[str, ...]
    """Products that its `init` registered for."""
    caller: Caller | None
    """Who it is for; None until it was let in."""
    endpoint_id: str
    """The client that opened it; empty until it was let in."""
    said_goodbye: bool
    """Whether it told that it leaves."""
