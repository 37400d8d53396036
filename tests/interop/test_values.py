"""What may be stored, and that it comes back and reaches subscribers unchanged."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interop.bare import Bare
from tests.interop.sdk import SdkObject


def _sized(size: int) -> dict[str, str]:
    """Data of that many bytes as the SDK writes them."""
    return {"x": "y" * (size - len('{"x":""}'))}


def _nested(depth: int) -> str:
    return '{"data":' + '{"x":' * depth + "1" + "}" * depth + "}"


def test_data_of_the_greatest_size_is_stored_and_one_byte_more_refused(bare: Bare) -> None:
    document = bare.post("/v3/Documents", {"data": _sized(16384)}).ok(201)
    assert bare.get(document["url"]).ok()["data"] == _sized(16384)
    items = bare.post("/v3/Lists", {}).ok(201)["links"]["items"]
    bare.post(items, {"data": _sized(16384)}).ok(201)
    pairs = bare.post("/v3/Maps", {}).ok(201)["links"]["items"]
    bare.put(f"{pairs}/k", {"data": _sized(16384)}).ok(201)

    assert bare.post("/v3/Documents", {"data": _sized(16385)}).error == (413, 54006)
    assert bare.post(document["url"], {"data": _sized(16385)}).error == (413, 54006)
    assert bare.post(items, {"data": _sized(16385)}).error == (413, 54006)
    assert bare.put(f"{pairs}/k", {"data": _sized(16385)}).error == (413, 54006)


def test_size_counts_bytes_not_characters(bare: Bare) -> None:
    assert bare.post("/v3/Documents", {"data": {"x": "é" * 8189}}).error == (413, 54006)
    bare.post("/v3/Documents", {"data": {"x": "é" * 8188}}).ok(201)


@pytest.mark.parametrize("data", [[], "text", 1, True])
def test_data_other_than_an_object_is_refused(bare: Bare, data: Any) -> None:
    assert bare.post("/v3/Documents", {"data": data}).error == (400, 54008)


@pytest.mark.parametrize("body", [{}, {"data": None}])
def test_absent_data_has_the_code_of_the_item(bare: Bare, body: dict[str, Any]) -> None:
    items = bare.post("/v3/Lists", {}).ok(201)["links"]["items"]
    pairs = bare.post("/v3/Maps", {}).ok(201)["links"]["items"]
    messages = bare.post("/v3/Streams", {}).ok(201)["links"]["messages"]

    assert bare.post(items, body).error == (400, 54156)
    assert bare.post(pairs, {"key": "k", **body}).error == (400, 54206)
    assert bare.put(f"{pairs}/k", body).error == (400, 54206)
    assert bare.post(messages, body).error == (400, 54251)


@pytest.mark.parametrize("ttl", [-1, 31536001, "soon", 1.5])
def test_unusable_ttl_is_refused(bare: Bare, ttl: Any) -> None:
    assert bare.post("/v3/Documents", {"data": {}, "ttl": ttl}).error == (400, 54011)
    assert bare.post("/v3/Lists", {"ttl": ttl}).error == (400, 54011)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": 'é 漢 🦉 \u2028 \x00 \\ / " \x7f', "nested": {"null": None, "list": [1, [2, {}], "x"]}},
        {"z": 1, "a": 2, "m": 3},
        {"small": 1e-300, "fraction": 0.1, "negative": -0.5, "whole": 9007199254740991},
        {"": "empty key", "é": "key", "__proto__ ": 1, "constructor": 2},
    ],
)
def test_value_reaches_the_other_client_as_it_was_sent(
    alice: SdkObject, bob: SdkObject, name: str, data: dict[str, Any]
) -> None:
    mine = alice.document(name)
    seen = bob.document(name).subscribed()

    mine.set(data)

    arrived = seen.next("updated")["data"]
    assert arrived == data
    assert list(arrived) == list(data)
    assert bob.document(name).now()["data"] == data


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('{"data":\r\n{"x":\r1,\n"y"\n:\t[\n]}}', {"x": 1, "y": []}),
        ('{"data":{"x":"\\ud83e\\udd89\\u0000\\r\\n"}}', {"x": "🦉\x00\r\n"}),
        ('{"data":{"x":12345678901234567890123}}', {"x": 12345678901234567890123.0}),
        ('{"data":{"x":1.000}}', {"x": 1.0}),
    ],
    ids=["line breaks", "escapes", "long number", "trailing zeros"],
)
def test_unusual_json_reaches_subscribers_with_its_value(
    bare: Bare, alice: SdkObject, body: str, value: dict[str, Any]
) -> None:
    made = bare.post("/v3/Documents", {"data": {}}).ok(201)
    seen = alice.document(made["sid"]).subscribed()

    bare.request("post", made["url"], {}, body).ok()

    assert seen.next("updated")["data"] == value


@pytest.mark.parametrize(
    "write",
    [
        lambda: '{"data":{"x":"\\ud800"}}',
        lambda: '{"data":{"x":1,"x":2}}',
        lambda: _nested(1000),
        lambda: '{"data":{"x":' + "9" * 400 + "}}",
        lambda: '{"data":{"x":1e999}}',
        lambda: '{"data":{"x":NaN}}',
        lambda: '{"data":{"x":"\n"}}',
    ],
    ids=["lone surrogate", "duplicate key", "depth", "400 digits", "infinite", "NaN", "raw line break"],
)
def test_hostile_json_is_refused_or_harmless_to_subscribers(
    bare: Bare, alice: SdkObject, write: Callable[[], str]
) -> None:
    made = bare.post("/v3/Documents", {"data": {}}).ok(201)
    seen = alice.document(made["sid"]).subscribed()

    reply = bare.request("post", made["url"], {}, write())
    bare.post(made["url"], {"data": {"after": 1}}).ok()

    if reply.status != 200:
        assert reply.error in {(400, 54008), (413, 54006)}
    else:
        seen.next("updated")
    assert seen.next("updated")["data"] == {"after": 1}
