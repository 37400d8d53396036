"""What a node tells others and hears of them; nothing, where it is alone.

Made before the parts that ask it, and opened behind those that it tells.
"""

from collections.abc import Callable, Sequence

from tsock.bus.bus import Bus, State
from tsock.events import Fact
from tsock.jobs.neighbours import Neighbours, looked


class News:
    """The bus of a node, and what takes in what comes over it."""

    def __init__(self) -> None:
        self._neighbours: Neighbours | None = None
        self._bus: Bus | None = None

    def open(self, neighbours: Neighbours, bus: Bus) -> None:
        """There are other nodes, or may be."""
        self._neighbours, self._bus = neighbours, bus

    def start(self) -> None:
        """Begin to tell and to hear."""
        if self._neighbours is not None and self._bus is not None:
            self._neighbours.start()
            self._bus.start()

    async def stop(self) -> None:
        """Say goodbye."""
        if self._neighbours is not None and self._bus is not None:
            self._neighbours.stop()
            await self._bus.close()

    def publish(self, facts: Sequence[Fact]) -> None:
        """Tell the others what was announced here."""
        if self._bus is not None:
            self._bus.publish(facts)

    def state(self) -> State | None:
        """How the bus stands; None where there is none."""
        return None if self._bus is None else self._bus.state

    def look(self, then: Callable[[], None]) -> None:
        """Take in what others changed of the directory by now, then go on."""
        if self._neighbours is None:
            then()
        else:
            self._neighbours.look(then)

    async def looked(self) -> None:
        """Await that."""
        if self._neighbours is not None:
            await looked(self._neighbours)
