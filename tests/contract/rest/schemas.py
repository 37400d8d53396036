"""Validates answers against the schemas of the descriptions, more strictly than these ask."""

from typing import Any

import jsonschema_rs

from tests.contract.rest.operations import DESCRIPTIONS, Operation

FORMATS = {
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
    "date-time-rfc-2822": r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$",
}
"""Python leaves a string where a date has fractions or an offset."""

DEPARTURES = {
    # The actor of a change is an account or the operator; there are no console users.
    ("monitor.v1.event", "actor_sid"): {"type": ["string", "null"], "pattern": "^(AC|US)[0-9a-fA-F]{32}$"},
    # What was refused may have been any method; the description has only those of webhooks.
    ("monitor.v1.alert", "request_method"): {"type": ["string", "null"], "pattern": "^[A-Z]{1,16}$"},
    ("monitor.v1.alert-instance", "request_method"): {"type": ["string", "null"], "pattern": "^[A-Z]{1,16}$"},
}
"""Properties that depart from the descriptions; each says why."""


def complaints(operation: Operation, body: Any) -> list[str]:
    """What is wrong with the body of an answer; a property that is missing, and one too many, are wrong."""
    assert operation.answer is not None
    components = DESCRIPTIONS[operation.product]["components"]["schemas"]
    schema = _strict(operation.answer) | {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "components": {
            "schemas": {
                name: _strict(part, {p: s for (n, p), s in DEPARTURES.items() if n == name})
                for name, part in components.items()
            }
        },
    }
    validator = jsonschema_rs.Draft7Validator(schema)
    return [f"{'.'.join(map(str, e.instance_path))}: {e.message}" for e in validator.iter_errors(body)]


def _strict(schema: dict[str, Any], departures: dict[str, Any] | None = None) -> dict[str, Any]:
    """The schema in the words of JSON Schema: null where it may be, every property there and no other."""
    strict = {name: part for name, part in schema.items() if name not in ("nullable", "format")}
    if "format" in schema:
        strict |= {"pattern": FORMATS[schema["format"]]} if schema["format"] in FORMATS else {}
    if "properties" in schema:
        strict["properties"] = {n: _strict(part) for n, part in schema["properties"].items()}
        strict["properties"] |= departures or {}
        strict["required"] = sorted(schema["properties"])
        strict["additionalProperties"] = False
    if "items" in schema:
        strict["items"] = _strict(schema["items"])
    if not schema.get("nullable"):
        return strict
    return {"anyOf": [strict, {"type": "null"}]}
