"""Reduces the published API descriptions to what the tests need.

    python reduce.py DIRECTORY_OF_THE_PUBLISHED_FILES

writes `api.json`, `conversations.json`, `iam.json`, `monitor.json` and `sync.json` beside this file.
README.md says what is kept.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCOPE = {
    "api": (
        "twilio_api_v2010",
        r"/2010-04-01/Accounts(/\{Sid\})?\.json|.*/(Keys|SigningKeys)(/\{Sid\})?\.json",
    ),
    "conversations": (
        "twilio_conversations_v1",
        r"/v1/(?!(Credentials|.*/(Addresses|Bindings|Webhooks|Notifications))(/|$)).*",
    ),
    "iam": ("twilio_iam_v1", r"/v1/Keys(/\{Sid\})?"),
    "monitor": ("twilio_monitor_v1", r"/v1/.*"),
    "sync": ("twilio_sync_v1", r"/v1/.*"),
}
"""By product: how the name of its file begins, and a pattern of the paths in scope."""

METHODS = ("get", "post", "delete")
# A property may be called `description`, so what is kept is named, and the rest dropped.
SCHEMA_KEYWORDS = (
    "$ref",
    "type",
    "format",
    "nullable",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "default",
    "required",
)


def schema(found: dict[str, Any]) -> dict[str, Any]:
    """A schema without prose, and so its parts."""
    kept = {name: found[name] for name in SCHEMA_KEYWORDS if name in found}
    if "properties" in found:
        kept["properties"] = {name: schema(part) for name, part in found["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(found.get(name), dict):
            kept[name] = schema(found[name])
    for name in ("allOf", "anyOf", "oneOf"):
        if name in found:
            kept[name] = [schema(part) for part in found[name]]
    return kept


def content(found: dict[str, Any]) -> dict[str, Any]:
    """The schema of each media type."""
    return {media_type: {"schema": schema(part["schema"])} for media_type, part in found.items()}


def operation(found: dict[str, Any]) -> dict[str, Any]:
    """An operation without prose: its name, parameters, body, and the body of each status."""
    kept: dict[str, Any] = {"operationId": found["operationId"]}
    kept["parameters"] = [
        {
            "name": parameter["name"],
            "in": parameter["in"],
            "required": parameter.get("required", False),
            "schema": schema(parameter["schema"]),
        }
        for parameter in found.get("parameters", [])
    ]
    if "requestBody" in found:
        kept["requestBody"] = {"content": content(found["requestBody"]["content"])}
    # The format demands a description of each response.
    kept["responses"] = {
        status: {"description": "", **({"content": content(part["content"])} if "content" in part else {})}
        for status, part in found["responses"].items()
    }
    return kept


def references(node: Any) -> Iterator[str]:
    """The names of the schemas that a part of a description refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for part in node.values():
            yield from references(part)
    elif isinstance(node, list):
        for part in node:
            yield from references(part)


def reduced(found: dict[str, Any], paths: str) -> dict[str, Any]:
    """A description, reduced to the paths in scope and the schemas they refer to."""
    kept = {
        path: {method: operation(item[method]) for method in METHODS if method in item}
        for path, item in found["paths"].items()
        if re.fullmatch(paths, path)
    }
    schemas: dict[str, Any] = {}
    wanted = list(references(kept))
    while wanted:
        name = wanted.pop()
        if name not in schemas:
            schemas[name] = schema(found["components"]["schemas"][name])
            wanted += references(schemas[name])
    return {
        "openapi": found["openapi"],
        "info": {"title": found["info"]["title"], "version": found["info"]["version"]},
        "paths": kept,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def main(directory: Path) -> None:
    """Write one file per product."""
    for product, (name, paths) in SCOPE.items():
        (source,) = directory.glob(f"{name}*.json")
        kept = reduced(json.loads(source.read_text()), paths)
        (HERE / f"{product}.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
