"""The official SDKs, as the tests see them: each object of theirs that lives in Node has a stand-in here."""

import itertools
import json
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

RUNNER = Path(__file__).with_name("sdk.mjs")
PATIENCE_S = 15.0
"""How long a promise or an event is waited for; beyond the reconnect delays of the SDKs."""


class SdkError(Exception):
    """A rejected promise, with what the SDK tells its user: an error's fields, or just a text."""

    def __init__(self, reason: dict[str, Any] | str) -> None:
        super().__init__(json.dumps(reason))
        fields: dict[str, Any] = {"message": reason} if isinstance(reason, str) else reason
        self.message: str = fields.get("message", "")
        self.status = fields.get("status")
        self.code = fields.get("code")
        self.body: Any = fields.get("body")


def refusal(call: Callable[[], object]) -> SdkError:
    """What the SDK raises."""
    with pytest.raises(SdkError) as refused:
        call()
    return refused.value


class Js:
    """A JavaScript function, given by its source, as an argument."""

    def __init__(self, source: str) -> None:
        self.source = f"({source})"


class Method:
    """A method of an SDK object: call it and wait for its promise, or `start` it and get a future."""

    def __init__(self, owner: "SdkObject", name: str) -> None:
        self._owner = owner
        self._name = name

    def start(self, *args: Any) -> Future[Any]:
        encoded = [{"$js": arg.source} if isinstance(arg, Js) else arg for arg in args]
        return self._owner.node.ask("call", on=self._owner.number, method=self._name, args=encoded)

    def __call__(self, *args: Any) -> Any:
        return self.start(*args).result(PATIENCE_S)


class SdkObject:
    """A client, document, list, map, stream or page. Its methods go by the SDK's own names."""

    def __init__(self, node: "Node", number: int, properties: dict[str, Any]) -> None:
        self.node = node
        self.number = number
        self.properties = properties
        self._read: dict[str, int] = defaultdict(int)

    def __getattr__(self, name: str) -> Method:
        return Method(self, name)

    @property
    def sid(self) -> str:
        return self.properties["sid"]

    def run(self, function: Js) -> Future[Any]:
        """Have Node run a function of the test, with this object as `this`."""
        return self.node.ask("run", on=self.number, source=function.source)

    def now(self) -> dict[str, Any]:
        """The public properties as they are now."""
        return self.node.ask("read", on=self.number).result(PATIENCE_S)

    def next(self, event: str, *, timeout_s: float = PATIENCE_S) -> Any:
        """The payload of the next event of that name which the test has not read yet, waiting for it."""
        read = self._read[event]
        payload = self.node.wait(
            lambda: next(itertools.islice(iter(self.seen(event)), read, None), _NOTHING),
            lambda: f"no {event!r} within {timeout_s} s; events so far: {self.node.events[self.number]}",
            timeout_s,
        )
        self._read[event] = read + 1
        return payload

    def seen(self, event: str) -> list[Any]:
        """The payloads of all events of that name so far, read or not."""
        return [payload for name, payload in list(self.node.events[self.number]) if name == event]

    def order(self, *events: str) -> list[str]:
        """The names of these events so far, in the order in which they came."""
        return [name for name, _ in list(self.node.events[self.number]) if name in events]

    def becomes(self, state: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a connection state that the test has not passed yet is `state`."""
        while self.next("connectionStateChanged", timeout_s=timeout_s) != state:
            pass

    def subscribed(self) -> "SdkObject":
        """Wait until the subscription is established, so that what follows arrives live; itself."""
        while self.next("_subscriptionStateChanged") != "established":
            pass
        return self


_NOTHING = object()


class Node:
    """One Node process with the SDKs in it, or with what another runner has."""

    def __init__(self, runner: Path = RUNNER, *args: str) -> None:
        self._process = subprocess.Popen(
            ["node", runner, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=runner.parent,
        )
        self._ids = itertools.count()
        self._pending: dict[int, Future[Any]] = {}
        self._changed = threading.Condition()
        self.events: dict[int, list[tuple[str, Any]]] = defaultdict(list)
        self.uncaught: list[str] = []
        self._reader = threading.Thread(target=self._read_lines, daemon=True)
        self._reader.start()

    def ask(self, op: str, **command: Any) -> Future[Any]:
        """Have a command carried out."""
        assert self._process.stdin is not None
        number = next(self._ids)
        outcome: Future[Any] = Future()
        self._pending[number] = outcome
        self._process.stdin.write(json.dumps({"id": number, "op": op, **command}) + "\n")
        self._process.stdin.flush()
        return outcome

    def wait(self, probe: Callable[[], Any], complaint: Callable[[], str], timeout_s: float) -> Any:
        """The first value of `probe` other than nothing, tried again after each event."""
        value = _NOTHING

        def found() -> bool:
            nonlocal value
            value = probe()
            return value is not _NOTHING

        with self._changed:
            if not self._changed.wait_for(found, timeout_s):
                raise AssertionError(complaint())
        return value

    def end(self) -> None:
        """End the process; its connections drop."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._take(json.loads(line, object_hook=self._object))
        for outcome in self._pending.values():
            if not outcome.done():
                outcome.set_exception(AssertionError("the Node process ended"))

    def _take(self, line: dict[str, Any]) -> None:
        if "uncaught" in line:
            self.uncaught.append(line["uncaught"])
        elif "event" in line:
            with self._changed:
                self.events[line["on"]].append((line["event"], line.get("payload")))
                self._changed.notify_all()
        elif "error" in line:
            self._pending.pop(line["id"]).set_exception(SdkError(line["error"]))
        else:
            self._pending.pop(line["id"]).set_result(line["ok"])

    def _object(self, value: dict[str, Any]) -> Any:
        """The stand-in of what stays in Node; anything else as it is."""
        return SdkObject(self, value["$object"], value["properties"]) if "$object" in value else value
