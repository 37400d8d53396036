"""Input as the descriptions allow it, and as they do not, made up by schemathesis; the same at every run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode

from tests.contract.rest.answers import assert_kept
from tests.contract.rest.operations import DESCRIPTIONS, OPERATIONS, Operation
from tests.contract.rest.rest import Rest

EXAMPLES = 8
"""Of each operation and kind."""

ON_INSTANCES = [operation for operation in OPERATIONS if operation.on_instance]
WITH_PARAMETERS = [operation for operation in OPERATIONS if operation.parameters]

Send = Callable[[Operation, Case], requests.Response]


def _closed(description: dict[str, Any]) -> dict[str, Any]:
    """The description of forms without further fields; one that nobody reads is ignored."""
    if description.get("type") == "object":
        return description | {"additionalProperties": False}
    return {name: _closed(part) if isinstance(part, dict) else part for name, part in description.items()}


SCHEMAS = {product: schemathesis.openapi.from_dict(_closed(found)) for product, found in DESCRIPTIONS.items()}


@pytest.fixture(scope="session")
def send(rest: Rest) -> Iterator[Send]:
    """Carries out a case."""
    with requests.Session() as session:
        session.auth = rest.credentials

        def send(operation: Operation, case: Case) -> requests.Response:
            return session.request(**case.as_transport_kwargs(base_url=f"{rest.url}/{operation.product}"))

        yield send


def _keeps_its_word(operation: Operation, send: Send, mode: GenerationMode, names: dict[str, str]) -> None:
    described = SCHEMAS[operation.product][operation.path][operation.method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=described.as_strategy(generation_mode=mode, path_parameters=names))
    def holds(case: Case) -> None:
        assert_kept(operation, send(operation, case))

    holds()


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_input_that_is_described_is_answered_as_described(
    rest: Rest, send: Send, operation: Operation
) -> None:
    _keeps_its_word(operation, send, GenerationMode.POSITIVE, rest.stand_ins(operation))


@pytest.mark.parametrize("operation", WITH_PARAMETERS, ids=str)
def test_input_that_is_not_described_is_refused_in_good_form(
    rest: Rest, send: Send, operation: Operation
) -> None:
    _keeps_its_word(operation, send, GenerationMode.NEGATIVE, rest.stand_ins(operation))


@pytest.mark.parametrize("operation", ON_INSTANCES, ids=str)
def test_name_of_nothing_is_refused_in_good_form(rest: Rest, send: Send, operation: Operation) -> None:
    names = rest.stand_ins(operation)
    del names[operation.placeholders[-1]]
    _keeps_its_word(operation, send, GenerationMode.POSITIVE, names)
