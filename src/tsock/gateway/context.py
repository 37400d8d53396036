"""What every part of the gateway works with."""

from collections.abc import Callable

import msgspec

from tsock.clock import Clock
from tsock.deadlines import Deadlines
from tsock.debugger.debugger import Debugger
from tsock.settings import Settings
from tsock.telemetry.metrics import Metrics
from tsock.telemetry.tail import Tail


class Context(msgspec.Struct, frozen=True):
    """The surroundings of a session, made once."""

    settings: Settings
    clock: Clock
    deadlines: Deadlines
    metrics: Metrics
    tail: Tail
    debugger: Debugger
    node: str
    """Tells this process from others that serve the same data."""
    packet_id: Callable[[], str]
    """Ids for what the server sends; unique within the process."""
