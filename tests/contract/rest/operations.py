"""The operations in scope, from the published descriptions. Run as a module, it prints their number."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

DESCRIPTIONS: dict[str, dict[str, Any]] = {
    product: json.loads((Path(__file__).parent / "openapi" / f"{product}.json").read_text())
    for product in ("api", "conversations", "iam", "monitor", "sync")
}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    product: str
    method: str
    """Upper case."""
    path: str
    """As in the description, with placeholders."""
    status: int
    """Of success."""
    answer: Schema | None
    """None without a body."""
    placeholders: tuple[str, ...]
    parameters: dict[str, Schema]
    """Of the query, or of the form."""

    def __str__(self) -> str:
        return f"{self.method} {self.product}{self.path}"

    @property
    def collection(self) -> str:
        """The kind of what the operation is about: the last name in its path, such as `Documents`."""
        return [part for part in self.path.removesuffix(".json").split("/") if not part.startswith("{")][-1]

    @property
    def on_instance(self) -> bool:
        """Whether it is about one of them."""
        return self.path.removesuffix(".json").endswith("}")


def resolved(product: str, schema: Schema) -> Schema:
    """The schema itself in place of a reference to it."""
    if "$ref" not in schema:
        return schema
    return DESCRIPTIONS[product]["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def _operation(product: str, path: str, method: str, found: dict[str, Any]) -> Operation:
    status, response = min(found["responses"].items())
    content = response.get("content")
    forms = found.get("requestBody", {}).get("content", {}).values()
    parameters = {p["name"]: p["schema"] for p in found["parameters"] if p["in"] == "query"}
    for form in forms:
        parameters |= form["schema"].get("properties", {})
    return Operation(
        product,
        method.upper(),
        path,
        int(status),
        content and content["application/json"]["schema"],
        tuple(p["name"] for p in found["parameters"] if p["in"] == "path"),
        {name: resolved(product, schema) for name, schema in parameters.items()},
    )


OPERATIONS = [
    _operation(product, path, method, found)
    for product, description in DESCRIPTIONS.items()
    for path, item in description["paths"].items()
    for method, found in item.items()
]

if __name__ == "__main__":
    counts = Counter(operation.product for operation in OPERATIONS)
    print(
        *(f"{product} {count}" for product, count in counts.items()), f"together {counts.total()}", sep=", "
    )
