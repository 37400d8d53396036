"""Each parameter of each operation, given what it is not: refused, and nothing is changed."""

from typing import Any
from urllib.parse import unquote

import pytest

from tests.contract.rest.answers import assert_described, assert_kept, assert_refused
from tests.contract.rest.operations import OPERATIONS, Operation, Schema
from tests.contract.rest.rest import Rest
from tsock.storage import page_token
from tsock.storage.keyset import Cursor

CASES = [(operation, name) for operation in OPERATIONS for name in operation.parameters]
PAGING = ("PageSize", "Page", "PageToken")
LISTS = [operation for operation in OPERATIONS if "PageSize" in operation.parameters]
IDS = [f"{operation} {name}" for operation, name in CASES]


def _wrong(name: str, schema: Schema) -> list[str]:
    """Values that the parameter cannot have; none where it takes any text."""
    if schema.get("enum"):
        return ["nonsense", ""]
    if name == "PageSize":
        return ["abc", "1.5", "", "0", "-1"]
    of_type = {
        "array": ["nonsense", ""],
        "integer": ["abc", "1.5", "", "1" * 30, "-1"],
        "boolean": ["perhaps", ""],
    }
    if schema.get("type") in of_type:
        return of_type[schema["type"]]
    if schema.get("format") == "date-time":
        return ["yesterday", "2026-13-01", "2026-01-01T25:00:00Z"]
    if schema.get("format") == "uri":
        return ["no URL", "ftp://example.com", "http://"]
    if "pattern" in schema:
        return ["XX1", "AC" + "g" * 32]
    if name == "PageToken":
        return ["", "x", "PT1"]
    return [] if "type" in schema else ["{", "plain", "5", "[]"]


def _stored(rest: Rest, operation: Operation, path: str) -> Any:
    """What a request changes if it is carried out; nothing can be read of a stream's messages.

    A refused request is itself an alert.
    """
    if (operation.product, operation.collection) in (("sync", "Messages"), ("monitor", "Alerts")):
        return None
    query = {"AccountSid": rest.account_sid} if path == "/iam/v1/Keys" else None
    return rest.client.get(path, params=query).json()


@pytest.mark.parametrize(("operation", "name"), CASES, ids=IDS)
def test_parameter_that_is_none_is_refused(rest: Rest, operation: Operation, name: str) -> None:
    path = rest.path_of(operation)
    given = rest.parameters(operation, path)
    if name == "Ttl":  # it is the short name of one of the two, and ignored beside the long one
        given = {other: value for other, value in given.items() if not other.endswith("Ttl")}
    once = name not in PAGING and operation.parameters[name].get("type") != "array"
    twice = [*given.items(), *([] if name in given else [(name, "1")]), (name, "1")]
    wrong = [list((given | {name: value}).items()) for value in _wrong(name, operation.parameters[name])]
    before = _stored(rest, operation, path)
    for pairs in [*([twice] if once else []), *wrong]:
        answer = rest.call(operation, path, pairs)
        assert_refused(answer)
        assert answer.status_code == 400, (pairs, answer.text)
    assert _stored(rest, operation, path) == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_parameter_that_nobody_reads_is_ignored(rest: Rest, operation: Operation) -> None:
    path = rest.path_of(operation)
    pairs = [*rest.parameters(operation, path).items(), ("Nonsense", "1"), ("Nonsense", "2")]
    assert_described(operation, rest.call(operation, path, pairs))


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_list_gives_its_largest_page_to_whoever_asks_for_more_and_the_first_size_counts(
    rest: Rest, operation: Operation
) -> None:
    path = rest.path_of(operation)
    given = list(rest.parameters(operation, path).items())
    largest = [
        _rows(operation, rest.call(operation, path, [*_sized(given, size)]))
        for size in (1000, 10_000, 10**30)
    ]
    assert largest[0] in (5, 50, 100, 1000)
    assert largest == [largest[0]] * 3
    assert _rows(operation, rest.call(operation, path, [*_sized(given, 3), ("PageSize", "100")])) == 3


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_list_begins_behind_a_date_or_a_name_and_not_behind_either(rest: Rest, operation: Operation) -> None:
    """Whatever the engine would say to a comparison of the two: a token of the other kind was made up."""
    path = rest.path_of(operation)
    given = sorted(rest.parameters(operation, path).items())
    segments = tuple(unquote(segment) for segment in path.removesuffix(".json").split("/")[1:])
    subject = repr((segments, tuple(given))).encode()
    taken = 0
    for key in ("a", 1), (1, "a"), ("a", "a"), (1, 1):
        token = page_token.written(subject, Cursor(key))
        answer = rest.call(operation, path, [*given, ("PageToken", token)])
        assert_kept(operation, answer)
        taken += answer.is_success
    # Of items, a token says more than where they begin.
    assert taken == (operation.collection != "Items")


def _sized(given: list[tuple[str, str]], size: int) -> list[tuple[str, str]]:
    return [pair for pair in given if pair[0] not in PAGING] + [("PageSize", str(size))]


def _rows(operation: Operation, answer: Any) -> int:
    assert_described(operation, answer)
    body = answer.json()
    return body.get("meta", body)["page_size"]
