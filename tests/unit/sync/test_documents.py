import pytest

from tests.support.sync_world import ALICE, BOB, NOON, NOON_MS, REST, STRANGER, World, body, json
from tsock.sync import documents, roots
from tsock.sync.data import Json
from tsock.sync.kinds import DOCUMENT, KINDS, LIST, MAP, STREAM, Kind
from tsock.sync.models import Root

FIRST = json(n=1)
SECOND = json(n=2)


def made(world: World, name: str | None = None, **named: object) -> Root:
    return world(roots.create, ALICE, DOCUMENT, unique_name=name, **named)


def test_fresh_document_has_revision_0_and_empty_data(world: World) -> None:
    root = made(world)

    assert root.sid.startswith("ET")
    assert (root.unique_name, root.revision, root.last_event_id) == (None, "0", 0)
    assert (root.data, root.created_by, root.date_created_ms, root.date_expires_ms) == (
        "{}",
        "alice",
        NOON_MS,
        None,
    )
    assert world.heard() == []


@pytest.mark.parametrize(("kind", "counter"), [(LIST, -1), (MAP, -1)])
def test_fresh_collection_has_counter_minus_1_and_revision_0(world: World, kind: Kind, counter: int) -> None:
    root = world(roots.create, ALICE, kind)

    assert (root.last_event_id, root.revision) == (counter, "0")


def test_stream_has_no_revision(world: World) -> None:
    assert world(roots.create, ALICE, STREAM).revision is None


def test_document_is_read_by_name_and_by_sid_alike(world: World) -> None:
    root = made(world, "score/board %é", data=FIRST)

    by_name = world(roots.fetch, BOB, DOCUMENT, "score/board %é")

    assert by_name == world(roots.fetch, BOB, DOCUMENT, root.sid)
    assert by_name.data == FIRST


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_absent_object_is_54300_by_name_and_the_kinds_code_by_sid(world: World, kind: Kind) -> None:
    assert world.refusal(roots.fetch, ALICE, kind, kind.prefix + "111") == (
        404,
        54300,
        "Unique name not found",
    )
    assert world.refusal(roots.fetch, ALICE, kind, kind.prefix + "0" * 32) == (
        404,
        kind.not_found,
        f"{kind.title} not found",
    )


def test_object_of_another_service_or_kind_is_absent(world: World) -> None:
    root = made(world, "board")

    assert world.refusal(roots.fetch, STRANGER, DOCUMENT, root.sid)[1] == 54100
    assert world.refusal(roots.fetch, STRANGER, DOCUMENT, "board")[1] == 54300
    assert world.refusal(roots.fetch, ALICE, MAP, root.sid)[1] == 54200


def test_unique_name_is_unique_per_kind_and_service_and_case_sensitive(world: World) -> None:
    made(world, "board")

    assert world.refusal(roots.create, BOB, DOCUMENT, unique_name="board") == (
        409,
        54301,
        "Unique name already exists",
    )
    world(roots.create, BOB, MAP, unique_name="board")
    world(roots.create, BOB, DOCUMENT, unique_name="Board")
    world(roots.create, STRANGER, DOCUMENT, unique_name="board")


@pytest.mark.parametrize(
    ("name", "came"),
    [
        ("", "; this one has 0 characters"),
        ("x" * 321, "; this one has 321 characters"),
        ("a\0b", "; this one has 3 characters, U+0000 among them"),
        ("ET" + "0" * 32, ""),
        ("XX" + "f" * 32, ""),
        ("ET" + "F" * 32, ""),
    ],
)
def test_empty_long_or_sid_like_name_is_refused(world: World, name: str, came: str) -> None:
    status, code, message = world.refusal(roots.create, ALICE, DOCUMENT, unique_name=name)

    assert (status, code) == (400, 54302)
    assert message == (
        "Invalid unique name. Expected a string with length 1-320 "
        f"not matching the SID pattern [A-Z]{{2}}[a-f0-9]{{32}}{came}"
    )


def test_name_of_320_characters_is_accepted(world: World) -> None:
    assert made(world, "é" * 320).unique_name == "é" * 320


def test_update_sets_data_and_counts_once(world: World) -> None:
    root = made(world, "board", data=FIRST)
    world.after(1.5)

    updated = world(documents.update, BOB, "board", data=SECOND)

    assert (updated.last_event_id, updated.revision, updated.created_by) == (1, "1", "alice")
    assert world(roots.fetch, ALICE, DOCUMENT, root.sid).data == SECOND
    (event,) = world.heard()
    assert (event.topic, event.seq, event.kind, event.origin, event.final) == (
        root.sid,
        1,
        "document_updated",
        ("n", 2),
        False,
    )
    assert event.body.decode() == (
        f'{{"id":1,"document_sid":"{root.sid}","document_unique_name":"board","document_revision":"1",'
        '"document_data":{"n":2},"date_created":"2031-05-02T12:00:01.500Z","date_expires":null}'
    )


def test_update_with_equal_data_is_still_a_change(world: World) -> None:
    root = made(world, data=FIRST)

    assert world(documents.update, ALICE, root.sid, data=FIRST).revision == "1"
    assert len(world.heard()) == 1


def test_update_over_rest_has_no_origin(world: World) -> None:
    root = made(world)

    world(documents.update, REST, root.sid, data=FIRST)

    assert world.heard()[0].origin is None


def test_revisions_are_lower_case_hexadecimal(world: World) -> None:
    root = made(world)

    revisions = [world(documents.update, ALICE, root.sid, data=FIRST).revision for _ in range(17)]

    assert revisions[8:] == ["9", "a", "b", "c", "d", "e", "f", "10", "11"]


def test_update_with_old_revision_changes_nothing(world: World) -> None:
    root = made(world, data=FIRST)
    world(documents.update, ALICE, root.sid, data=SECOND, if_match="0")
    world.heard()

    refusal = world.refusal(documents.update, BOB, root.sid, data=FIRST, if_match="0")

    assert refusal == (412, 54103, "Document revision mismatch")
    assert world.heard() == []
    assert world(documents.update, BOB, root.sid, data=FIRST, if_match="1").revision == "2"


def test_update_of_ttl_alone_keeps_data_and_is_announced(world: World) -> None:
    root = made(world, data=FIRST)

    world(documents.update, ALICE, root.sid, ttl=60)

    (event,) = world.heard()
    assert event.kind == "document_updated"
    assert body(event)["document_data"] == {"n": 1}
    assert body(event)["date_expires"] == "2031-05-02T12:01:00.000Z"
    assert world(roots.fetch, ALICE, DOCUMENT, root.sid).data == FIRST


def test_update_with_neither_data_nor_ttl_is_refused(world: World) -> None:
    root = made(world)

    assert world.refusal(documents.update, ALICE, root.sid)[:2] == (400, 54010)


def test_update_without_ttl_keeps_the_expiry_and_reports_it_and_0_clears_it(world: World) -> None:
    root = made(world, ttl=3600)
    world.after(10)

    kept = world(documents.update, ALICE, root.sid, data=FIRST)
    assert kept.date_expires_ms == NOON_MS + 3_600_000
    assert body(world.heard()[0])["date_expires"] == "2031-05-02T13:00:00.000Z"

    cleared = world(documents.update, ALICE, root.sid, data=FIRST, ttl=0)
    assert cleared.date_expires_ms is None
    assert body(world.heard()[0])["date_expires"] is None


def test_dates_of_changes_in_one_millisecond_increase(world: World) -> None:
    root = made(world)

    dates = [world(documents.update, ALICE, root.sid, data=FIRST).date_updated_ms for _ in range(3)]

    assert dates == [NOON_MS + 1, NOON_MS + 2, NOON_MS + 3]
    assert [body(event)["date_created"][-4:-1] for event in world.heard()] == ["001", "002", "003"]


def test_removal_is_announced_once_and_frees_the_name(world: World) -> None:
    root = made(world, "board")
    world(documents.update, ALICE, "board", data=FIRST)
    world.heard()

    world(roots.remove, ALICE, DOCUMENT, "board")

    (event,) = world.heard()
    assert (event.seq, event.kind, event.origin, event.final) == (2, "document_removed", ("n", 1), True)
    assert body(event) == {
        "id": 2,
        "document_sid": root.sid,
        "document_unique_name": "board",
        "date_created": "2031-05-02T12:00:00.002Z",
    }
    assert world.refusal(roots.remove, ALICE, DOCUMENT, root.sid)[1] == 54100
    assert world.refusal(documents.update, ALICE, "board", data=FIRST)[1] == 54300
    again = made(world, "board")
    assert (again.sid == root.sid, again.last_event_id) == (False, 0)


def test_hostile_names_and_data_stay_one_line_of_json(world: World) -> None:
    name = 'a"b\\c\r\nd\x01é\u2028/{}'
    hostile = Json('{"long":' + "9" * 400 + ',"twice":1,"twice":2,"text":"\\u0000\\r\\n\\"} {"}')
    root = made(world, name)

    world(documents.update, ALICE, root.sid, data=hostile)

    (event,) = world.heard()
    assert body(event)["document_unique_name"] == name
    assert f'"document_data":{hostile},"date' in event.body.decode()


@pytest.mark.parametrize("kind", [LIST, MAP, STREAM], ids=lambda kind: kind.name)
def test_ttl_of_other_roots_is_answered_and_not_announced(world: World, kind: Kind) -> None:
    root = world(roots.create, ALICE, kind, ttl=60)

    assert world(roots.set_ttl, ALICE, kind, root.sid, 120).date_expires_ms == NOON_MS + 120_000
    assert world(roots.set_ttl, ALICE, kind, root.sid, 0).date_expires_ms is None
    assert world.refusal(roots.set_ttl, ALICE, kind, root.sid, None)[1] == 54010
    assert world(roots.fetch, ALICE, kind, root.sid).last_event_id == root.last_event_id
    assert world.heard() == []


def test_removal_of_a_stream_has_no_number(world: World) -> None:
    root = world(roots.create, ALICE, STREAM, unique_name="chat")

    world(roots.remove, ALICE, STREAM, "chat")

    (event,) = world.heard()
    assert (event.seq, event.kind, event.final) == (None, "stream_removed", True)
    assert body(event) == {
        "stream_sid": root.sid,
        "stream_unique_name": "chat",
        "date_created": NOON.replace(".000", ".001"),
    }
