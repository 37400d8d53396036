"""What every answer must look like, whatever was asked."""

from typing import Any, Protocol

from tests.contract.rest.operations import Operation
from tests.contract.rest.schemas import complaints
from tsock.dictionary import lookup

ERROR_MEMBERS = {"code", "message", "more_info", "status"}
"""And no `type` or `title`, which make the libraries raise another exception."""


class Answer(Protocol):
    """A response of any HTTP client."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Any: ...
    @property
    def content(self) -> bytes: ...
    def json(self) -> Any: ...


def assert_kept(operation: Operation, answer: Answer) -> None:
    """The answer is as described, or an error as documented; never a fault of the server's."""
    if answer.status_code == operation.status:
        assert_described(operation, answer)
    else:
        assert_refused(answer)


def assert_described(operation: Operation, answer: Answer) -> None:
    """The answer is the described one of success."""
    assert answer.status_code == operation.status, answer.content
    if operation.answer is None:
        assert answer.content == b""
    else:
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        assert complaints(operation, answer.json()) == []


def assert_refused(answer: Answer) -> None:
    """The answer is an error: not of the server's, in JSON, with a code of the dictionary."""
    assert 400 <= answer.status_code < 500, answer.content
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    error = answer.json()
    assert set(error) == ERROR_MEMBERS
    assert error["status"] == answer.status_code
    entry = lookup(error["code"])
    assert entry is not None, error
    assert entry.status == answer.status_code, error
    assert error["more_info"].endswith(f"/errors/{error['code']}")
