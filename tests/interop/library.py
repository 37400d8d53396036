"""The official helper libraries behind one face, so that one scenario runs with each of them.

A scenario is written with Python's names, as in `api.sync.v1.services("default").documents.create(data={})`;
for Node they become `uniqueName` and the like, and come back as `unique_name`. Records are dictionaries.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.interop.sdk import PATIENCE_S, Node, SdkError
from tsock.helper_library import AsyncTwilioHttpClient, TwilioHttpClient

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("library.mjs")
GUIDE = ROOT / "docs" / "howto" / "helper-libraries.md"

Record = dict[str, Any]
Step = str | tuple[str, tuple[Any, ...]]
"""A name on the way to a resource, or a name that is called with these arguments."""
Own = tuple[str, Record]
"""A method of a record, and its parameters."""

GROUPS = {
    "timers_": "timers.",
    "messaging_binding_": "messagingBinding.",
    "limits_": "limits.",
    "configuration_": "configuration.",
    "media_compatibility_message": "media.compatibilityMessage",
    **{
        f"notifications_{name}_": f"notifications.{camel}."
        for name, camel in (
            ("new_message", "newMessage"),
            ("added_to_channel", "addedToChannel"),
            ("invited_to_channel", "invitedToChannel"),
        )
    },
}
"""How the names of the parameters of a group begin, in Python and in the npm library."""

METHODS = {"create", "fetch", "update", "delete", "list", "stream"}


class Refused(Exception):
    """The error a library raises, with what it tells its user; `code` is None where it tells none."""

    def __init__(self, status: int | None, code: int | None, message: str) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message


class Library(Protocol):
    """A helper library, with one client of it, made of credentials and the address of a server."""

    def call(self, steps: tuple[Step, ...], params: Record) -> Any:
        """Call the method that the last step names."""
        ...

    def walk(self, steps: tuple[Step, ...], moves: list[str], params: Record) -> list[list[Record]]:
        """The records of a first page, and of each that a `next` or `previous` leads to."""
        ...

    def record(self, steps: tuple[Step, ...], params: Record, like: Record, calls: list[Own]) -> list[Any]:
        """What a record's own methods answer, one after the other.

        It is what the last step's method answers, called with `params`; of a list, what has all that is in
        `like`.
        """
        ...


class Api:
    """What stands at the end of some steps from a client."""

    def __init__(self, library: Library, *steps: Step) -> None:
        self._library = library
        self._steps = steps

    def __getattr__(self, name: str) -> "Api":
        return Api(self._library, *self._steps, name)

    def __call__(self, *args: Any, **params: Any) -> Any:
        *before, last = self._steps
        if last in METHODS:
            return self._library.call(self._steps, params)
        if last == "walk":
            return self._library.walk(tuple(before), list(args), params)
        if last == "record":
            return self._library.record((*before, args[0]), params, *args[1:])
        assert isinstance(last, str)
        return Api(self._library, *before, (last, args))


class InPython:
    """The PyPI library, with its ordinary methods."""

    def __init__(
        self, base_url: str, user: str, password: str, account_sid: str | None, **options: Any
    ) -> None:
        self._http = TwilioHttpClient(base_url, **options)
        self._client = Client(user, password, account_sid, http_client=self._http)

    def call(self, steps: tuple[Step, ...], params: Record) -> Any:
        with _python_errors():
            found = _reached(self._client, steps)(**params)
            return _plain(list(found) if steps[-1] == "stream" else found)

    def walk(self, steps: tuple[Step, ...], moves: list[str], params: Record) -> list[list[Record]]:
        with _python_errors():
            page = _reached(self._client, steps).page(**params)
            records = [_plain(list(page))]
            for move in moves:
                page = getattr(page, f"{move}_page")()
                records.append(_plain(list(page)))
        return records

    def record(self, steps: tuple[Step, ...], params: Record, like: Record, calls: list[Own]) -> list[Any]:
        with _python_errors():
            record = _alike(_reached(self._client, steps)(**params), like)
            return [_plain(getattr(record, method)(**given)) for method, given in calls]

    def close(self) -> None:
        assert self._http.session
        self._http.session.close()


class InPythonAsync:
    """The PyPI library, with its methods in `_async`."""

    def __init__(
        self, base_url: str, user: str, password: str, account_sid: str | None, **options: Any
    ) -> None:
        async def http_client() -> AsyncTwilioHttpClient:
            return AsyncTwilioHttpClient(base_url, **options)

        self._runner = asyncio.Runner()
        self._http = self._runner.run(http_client())
        self._client = Client(user, password, account_sid, http_client=self._http)

    def call(self, steps: tuple[Step, ...], params: Record) -> Any:
        async def call() -> Any:
            *before, method = steps
            found = await _reached(self._client, (*before, f"{method}_async"))(**params)
            return [record async for record in found] if method == "stream" else found

        with _python_errors():
            return _plain(self._runner.run(call()))

    def walk(self, steps: tuple[Step, ...], moves: list[str], params: Record) -> list[list[Record]]:
        async def walk() -> list[list[Record]]:
            page = await _reached(self._client, steps).page_async(**params)
            records = [_plain(list(page))]
            for move in moves:
                page = await getattr(page, f"{move}_page_async")()
                records.append(_plain(list(page)))
            return records

        with _python_errors():
            return self._runner.run(walk())

    def record(self, steps: tuple[Step, ...], params: Record, like: Record, calls: list[Own]) -> list[Any]:
        async def record() -> list[Any]:
            *before, method = steps
            found = _alike(await _reached(self._client, (*before, f"{method}_async"))(**params), like)
            return [_plain(await getattr(found, f"{method}_async")(**given)) for method, given in calls]

        with _python_errors():
            return self._runner.run(record())

    def close(self) -> None:
        self._runner.run(self._http.close())
        self._runner.close()


class NodeProcess:
    """Node with the npm library, and the HTTP client that the guide has its reader save."""

    def __init__(self, directory: Path) -> None:
        self.node = Node(RUNNER, as_guided(directory).as_uri())

    def ask(self, op: str, **command: Any) -> Any:
        try:
            return self.node.ask(op, **command).result(PATIENCE_S)
        except SdkError as error:
            raise Refused(error.status, error.code, error.message or "") from None


class InNode:
    """The npm library."""

    def __init__(
        self,
        process: NodeProcess,
        base_url: str,
        user: str,
        password: str,
        account_sid: str | None,
        **options: Any,
    ) -> None:
        self._process = process
        given = {"accountSid": account_sid} if account_sid else {}
        self._client = process.ask(
            "client", url=base_url, user=user, password=password, options=given, http=options
        )

    def call(self, steps: tuple[Step, ...], params: Record) -> Any:
        return _snake(self._ask("call", steps, params))

    def walk(self, steps: tuple[Step, ...], moves: list[str], params: Record) -> list[list[Record]]:
        return _snake(self._ask("walk", steps, params, moves=moves))

    def record(self, steps: tuple[Step, ...], params: Record, like: Record, calls: list[Own]) -> list[Any]:
        asked = [(_camel(method), _given(own)) for method, own in calls]
        return _snake(self._ask("record", steps, params, like=_given(like), calls=asked))

    def _ask(self, op: str, steps: tuple[Step, ...], params: Record, **more: Any) -> Any:
        names = [_camel(step) if isinstance(step, str) else (_camel(step[0]), step[1]) for step in steps]
        return self._process.ask(op, on=self._client, steps=names, params=_given(params), **more)


def guide_code(language: str) -> list[str]:
    """The blocks of code in that language of the guide."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


def as_guided(directory: Path) -> Path:
    """The module that the guide has its reader save, where the npm library is installed."""
    (directory / "node_modules").symlink_to(RUNNER.parent / "node_modules")
    module = directory / "tsock.mjs"
    module.write_text(guide_code("js")[0])
    return module


def signature_holds_in_python(token: str, signature: str, url: str, params: dict[str, str]) -> bool:
    """What the PyPI library's validator says of a webhook."""
    return RequestValidator(token).validate(url, params, signature)


@contextmanager
def _python_errors() -> Iterator[None]:
    try:
        yield
    except TwilioRestException as error:
        raise Refused(error.status, error.code, error.msg) from None
    except TwilioException as error:
        # A page that could not be read is told of without a code.
        response = next((part for part in error.args if hasattr(part, "status_code")), None)
        raise Refused(response and response.status_code, None, str(error)) from None


def _reached(owner: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        owner = getattr(owner, step) if isinstance(step, str) else getattr(owner, step[0])(*step[1])
    return owner


def _alike(found: Any, like: Record) -> Any:
    """A record itself, or the one of a list that has all that is in `like`."""
    if not isinstance(found, list):
        return found
    return next(one for one in found if like.items() <= vars(one).items())


def _plain(found: Any) -> Any:
    """A record of the PyPI library as its public fields."""
    if isinstance(found, list):
        return [_plain(record) for record in found]
    if not hasattr(found, "__dict__"):
        return found
    return {name: value for name, value in vars(found).items() if not name.startswith("_")}


def _snake(found: Any) -> Any:
    """A record of the npm library by Python's names."""
    if isinstance(found, list):
        return [_snake(record) for record in found]
    if not isinstance(found, dict):
        return found
    return {re.sub("[A-Z]", lambda c: f"_{c[0].lower()}", name): _dated(v) for name, v in found.items()}


def _dated(value: Any) -> Any:
    date = isinstance(value, dict) and value.get("$date")
    return datetime.fromisoformat(date) if date else value


def _parameter(name: str) -> str:
    """The name of a parameter; one of a group has a dot behind the group's name there."""
    for python, node in GROUPS.items():
        if name.startswith(python):
            return node + _camel(name.removeprefix(python))
    return _camel(name)


def _given(params: Record) -> Record:
    """Parameters as the npm library has them."""
    dated = {n: {"$date": v.isoformat()} if isinstance(v, datetime) else v for n, v in params.items()}
    return {_parameter(name): value for name, value in dated.items()}


def _camel(name: str) -> str:
    """A name as the npm library has it; `from_` is Python's way around a word of its own."""
    camel = re.sub("_([a-z])", lambda letter: letter[1].upper(), name.rstrip("_"))
    return "remove" if camel == "delete" else camel
