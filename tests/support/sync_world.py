"""Rules of Sync, run one after another by users of one service."""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from tests.support.guarded import GuardedTx
from tests.support.memory import Memory
from tsock.errors import ApiError
from tsock.events import Event, Fact
from tsock.sync.actor import Actor
from tsock.sync.data import Json

T = TypeVar("T")

ACCOUNT = "AC00000000000000000000000000000001"
SERVICE = "IS0123456789abcdef0123456789abcdef"
NOON_MS = 1_935_489_600_000
NOON = "2031-05-02T12:00:00.000Z"

ALICE = Actor(ACCOUNT, SERVICE, "alice", connection=("n", 1))
BOB = Actor(ACCOUNT, SERVICE, "bob", connection=("n", 2))
REST = Actor(ACCOUNT, SERVICE)
STRANGER = Actor(ACCOUNT, "IS" + "f" * 32, "mallory", connection=("n", 3))
LOCKED_ALICE = Actor(ACCOUNT, SERVICE, "alice", acl_enabled=True, connection=("n", 1))
LOCKED_BOB = Actor(ACCOUNT, SERVICE, "bob", acl_enabled=True, connection=("n", 2))


class World(Memory):
    """Runs one rule at a time, and remembers what each announced."""

    transaction = GuardedTx

    def __init__(self, connection: type[sqlite3.Connection] = sqlite3.Connection) -> None:
        super().__init__(NOON_MS, seed=0, connection=connection)
        self.facts: list[Fact] = []

    def __call__(self, rule: Callable[..., T], *args: Any, **named: Any) -> T:
        result = super().__call__(rule, *args, **named)
        self.facts += self.tx.facts
        return result

    def refusal(self, rule: Callable[..., object], *args: Any, **named: Any) -> tuple[int, int, str]:
        """Status, code and the published text of the error the rule must raise, without what it adds."""
        error = self.error(rule, *args, **named)
        return error.status, error.code, error.message.partition(": ")[0]

    def error(self, rule: Callable[..., object], *args: Any, **named: Any) -> ApiError:
        """The error the rule must raise; the database must stay as it was."""
        before = list(self.database.iterdump())
        try:
            self(rule, *args, **named)
        except ApiError as error:
            assert list(self.database.iterdump()) == before
            return error
        raise AssertionError("nothing was refused")

    def heard(self) -> list[Event]:
        """The events since the last call."""
        events = [fact for fact in self.facts if isinstance(fact, Event)]
        self.facts = []
        return events


def json(**members: object) -> Json:
    """Data as it comes through the door."""
    return Json(msgspec.json.encode(members).decode())


def body(event: Event) -> Any:
    """The event's body, which must be one line of valid JSON."""
    assert b"\n" not in event.body
    assert b"\r" not in event.body
    return msgspec.json.decode(event.body)
