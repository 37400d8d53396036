"""Every operation in scope of the published descriptions, called with all that it takes."""

import pytest

from tests.contract.rest.answers import assert_described
from tests.contract.rest.operations import OPERATIONS, Operation
from tests.contract.rest.rest import Rest

DELETIONS = [operation for operation in OPERATIONS if operation.method == "DELETE"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_operation_answers_as_described(rest: Rest, operation: Operation) -> None:
    assert_described(operation, rest.call(operation, rest.path_of(operation)))


@pytest.mark.parametrize("operation", DELETIONS, ids=str)
def test_what_is_deleted_is_gone(rest: Rest, operation: Operation) -> None:
    path = rest.path_of(operation)
    assert rest.client.get(path).status_code == 200
    rest.call(operation, path)
    assert rest.client.get(path).status_code == 404
    assert rest.call(operation, path).status_code == 404
