"""An outbox in memory, asked as rules and the sender ask it."""

from typing import Any

from tests.support.world import World
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Delivery, Due, Left, Post, Posted
from tsock.webhooks.targets import StoredUrl

HOOK = "https://hooks.example/sync"
LANE = "hooks.example:443"


class Box(World):
    """Names each delivery by its `EventType`, which the tests keep unique."""

    def put(self, *names: str, topic: str = "MP1", url: str = HOOK, **fields: Any) -> list[str]:
        """Put deliveries, each in a transaction of its own; the facts of all of them are in `told`."""
        self.told: list[object] = []
        for name in names:
            post = Post(
                account_sid=fields.get("account_sid", self.account_sid),
                service_sid=fields.get("service_sid", self.sync_sid),
                kind=fields.get("kind", "sync"),
                event_type=name,
                topic=topic,
                url=StoredUrl(url),
                parameters={"EventType": name},
            )
            self(outbox.put, post)
            self.told += self.facts
        return list(names)

    def of(self, name: str) -> Delivery:
        """The delivery with this name, as it is now."""
        (found,) = (each for each in self.all() if each.event_type == name)
        return found

    def all(self) -> list[Delivery]:
        """Those that wait, then those that were given up."""
        waiting = self(outbox.page, "waiting", after=0, limit=1000)
        return [*waiting, *self(outbox.page, "dead", after=0, limit=1000)]

    def due(self, lane: str = LANE) -> list[str]:
        """Names of what may leave now."""
        found = self(outbox.of_lane, lane, 100)
        return [each.event_type for each in found if each.next_ms is not None and each.next_ms <= self.now_ms]

    def deliver(self, name: str) -> None:
        self(outbox.delivered, self.of(name))

    def fail(self, name: str, *, again_s: float = 60) -> None:
        self(outbox.failed, self.of(name), 11217, "answered 503", self.now_ms + round(again_s * 1000))

    def give_up(self, name: str) -> None:
        self(outbox.give_up, self.of(name), 11217, "answered 400")


def counted(facts: list[Any]) -> dict[str, int]:
    """How many facts there are of each kind."""
    kinds = [type(fact).__name__ for fact in facts if isinstance(fact, Posted | Left | Due)]
    return {kind: kinds.count(kind) for kind in kinds}
