import importlib
import pkgutil
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tsock
from tests.support.nodes import event
from tsock.bus.message import VERSION, Advanced, Message, Reader, Writer, kinds
from tsock.events import Event, Fact, ReadRevoked

for module in pkgutil.walk_packages(tsock.__path__, "tsock."):
    if module.name != "tsock.__main__":
        importlib.import_module(module.name)

KINDS = [kind for kind in kinds() if kind.__module__.startswith("tsock.")]
NODE = "n" * 32


class Novelty(Fact, frozen=True):
    """A fact that only a newer node knows."""

    text: str


def values(hint: Any) -> st.SearchStrategy[Any]:
    if hint is int:
        return st.integers(-(2**63), 2**63 - 1)
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        return st.tuples(*map(values, arguments))
    if arguments and type(None) in arguments:
        return st.one_of(*map(values, arguments))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return structs(hint)
    return st.from_type(hint)


def structs(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    members = {name: values(hints[name]) for name in kind.__struct_fields__}
    return st.fixed_dictionaries(members).map(lambda given: kind(**given))


def read(payload: bytes, reader: Reader | None = None) -> tuple[Any, list[Fact]]:
    reader = reader or Reader()
    message = reader.message(payload)
    assert message is not None
    return message, reader.facts(message.facts)


def test_names_of_facts_are_those_of_one_class_each() -> None:
    names = [kind.__name__ for kind in KINDS]
    assert len(names) == len(set(names))
    assert {"Event", "ReadRevoked", "Account", "Posted", "PushWaits", "Advanced"} <= set(names)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_fact_of_every_kind_is_read_as_it_was_written(kind: type[Fact]) -> None:
    @given(structs(kind))
    def check(fact: Fact) -> None:
        (payload,) = Writer(NODE, 1_000_000).batch([fact])
        assert read(payload)[1] == [fact]

    check()


def test_messages_are_numbered_from_1() -> None:
    writer = Writer(NODE, 1_000)
    payloads = [*writer.batch([event(1)]), writer.heartbeat(), writer.heartbeat(leaves=True)]
    messages = [read(payload)[0] for payload in payloads]
    assert [(each.node, each.number, each.leaves) for each in messages] == [
        (NODE, 1, False),
        (NODE, 2, False),
        (NODE, 3, True),
    ]


@given(st.lists(st.integers(0, 1_500), min_size=1), st.integers(500, 2_000))
def test_batch_of_any_size_fits_and_keeps_its_order(sizes: list[int], payload_max: int) -> None:
    batch = [event(seq, b"x" * size) for seq, size in enumerate(sizes)]
    payloads = list(Writer(NODE, payload_max).batch(batch))

    assert max(map(len, payloads)) <= payload_max
    assert [read(payload)[0].number for payload in payloads] == list(range(1, len(payloads) + 1))
    found = [fact for payload in payloads for fact in read(payload)[1]]
    assert [fact.seq for fact in found if isinstance(fact, Event | Advanced)] == list(range(len(batch)))
    assert [fact for fact in found if isinstance(fact, Event)] == [each for each in batch if each in found]


@given(st.integers(0, 10_000), st.integers(500, 2_000))
def test_what_is_not_stored_comes_whole_in_parts_that_fit(size: int, payload_max: int) -> None:
    large = event(None, b"x" * (payload_max + size))
    payloads = list(Writer("n" * 64, payload_max).batch([large]))
    assert max(map(len, payloads)) <= payload_max
    messages = [read(payload)[0] for payload in payloads]
    assert [(each.place, each.parts) for each in messages] == [
        (place, len(messages)) for place in range(len(messages))
    ]
    assert Reader().joined([each.part for each in messages]) == [large]


def test_facts_of_a_newer_node_are_left_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    reader = Reader()
    del reader._decoders["Novelty"]
    for _ in range(2):
        (payload,) = Writer(NODE, 1_000).batch([event(1), Novelty("new"), event(2)])
        assert read(payload, reader)[1] == [event(1), event(2)]
    assert reader.unknown == 2
    assert reader.unreadable == 0


def test_members_that_a_newer_node_added_are_ignored() -> None:
    encode = msgspec.msgpack.encode
    fact = {**msgspec.to_builtins(ReadRevoked("IS1", "MP1", "alice")), "reason": "new"}
    payload = encode([VERSION, NODE, 1, [["ReadRevoked", fact]], b"", 0, 0, False, "new"])
    assert read(payload)[1] == [ReadRevoked("IS1", "MP1", "alice")]


def test_message_of_another_version_is_not_read() -> None:
    reader = Reader()
    assert reader.message(msgspec.msgpack.encode(Message[Fact](VERSION + 1, NODE, 1))) is None
    assert reader.unreadable == 1


@given(st.binary(max_size=200))
def test_no_bytes_raise(payload: bytes) -> None:
    reader = Reader()
    message = reader.message(payload)
    if message is None:
        assert reader.unreadable == 1
    else:
        reader.facts(message.facts)
    reader.joined([payload])


@given(st.data())
def test_no_change_of_a_message_raises(data: st.DataObject) -> None:
    (payload,) = Writer(NODE, 1_000).batch([event(1), ReadRevoked("IS1", "MP1", "alice")])
    changed = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    reader = Reader()
    message = reader.message(bytes(changed))
    if message is not None:
        reader.facts(message.facts)
    reader.joined([bytes(changed)])


@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a", b"\xdd\xff\xff\xff\xff"])
def test_deep_and_endless_nests_raise_nothing(opening: bytes) -> None:
    reader = Reader()
    nested = opening * 100_000
    assert reader.message(nested) is None
    assert reader.message(b"\x94\x01\xa1n\x01\x91\x92\xa5Event" + nested) is None
    assert reader.joined([b"\x92\xa5Event" + nested]) == []
