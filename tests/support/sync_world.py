"""A database in memory and a clock that stands still: enough to run rules one after another."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from tsock.errors import ApiError
from tsock.events import Event
from tsock.ids import Ids
from tsock.storage.sqlite.migrate import migrate
from tsock.sync.actor import Actor
from tsock.sync.data import Json

T = TypeVar("T")

ACCOUNT = "AC00000000000000000000000000000001"
SERVICE = "IS0123456789abcdef0123456789abcdef"
NOON_MS = 1_935_489_600_000
NOON = "2031-05-02T12:00:00.000Z"

ALICE = Actor(ACCOUNT, SERVICE, "alice", connection=1)
BOB = Actor(ACCOUNT, SERVICE, "bob", connection=2)
REST = Actor(ACCOUNT, SERVICE)
STRANGER = Actor(ACCOUNT, "IS" + "f" * 32, "mallory", connection=3)
LOCKED_ALICE = Actor(ACCOUNT, SERVICE, "alice", acl_enabled=True, connection=1)
LOCKED_BOB = Actor(ACCOUNT, SERVICE, "bob", acl_enabled=True, connection=2)


class World:
    """Runs one rule at a time, as a store would, and remembers what it announced."""

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.database)
        self.now_ms = NOON_MS
        self.statements: set[str] = set()
        self.facts: list[object] = []
        self.sid = Ids(0).sid
        self.secret = Ids(0).secret

    def __call__(self, rule: Callable[..., T], *args: Any, **named: Any) -> T:
        """Run `rule(tx, …)`; what it raises undoes what it did."""
        announced = len(self.facts)
        self.database.execute("SAVEPOINT rule")
        try:
            result = rule(self, *args, **named)
        except BaseException:
            self.database.execute("ROLLBACK TO rule")
            del self.facts[announced:]
            raise
        finally:
            self.database.execute("RELEASE rule")
        return result

    def refusal(self, rule: Callable[..., object], *args: Any, **named: Any) -> tuple[int, int, str]:
        """Status, code and message of the error the rule must raise; the database must stay as it was."""
        before = list(self.database.iterdump())
        try:
            self(rule, *args, **named)
        except ApiError as error:
            assert list(self.database.iterdump()) == before
            return error.status, error.code, error.message
        raise AssertionError("nothing was refused")

    def after(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)

    def heard(self) -> list[Event]:
        """The events since the last call."""
        events = [fact for fact in self.facts if isinstance(fact, Event)]
        self.facts = []
        return events

    # The transaction, as rules see it.

    def one(self, sql: str, params: Mapping[str, Any]) -> Any:
        return self._execute(sql, params).fetchone()

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        return self._execute(sql, params).fetchall()

    def run(self, sql: str, params: Mapping[str, Any]) -> int:
        return self._execute(sql, params).rowcount

    def emit(self, fact: object) -> None:
        self.facts.append(fact)

    def _execute(self, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        self.statements.add(sql)
        return self.database.execute(sql, params)


def json(**members: object) -> Json:
    """Data as it comes through the door."""
    return Json(msgspec.json.encode(members).decode())


def body(event: Event) -> Any:
    """The event's body, which must be one line of valid JSON."""
    assert b"\n" not in event.body
    assert b"\r" not in event.body
    return msgspec.json.decode(event.body)
