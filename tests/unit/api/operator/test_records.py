"""Permissions, denials, the live feed and the check at the operator's door."""

from pathlib import Path

import pytest

from tests.support import records
from tests.support.operators_door import OperatorsDoor
from tsock.debugger import alerts, denials
from tsock.debugger.alerts import NOBODY
from tsock.debugger.exchange import kept
from tsock.errors import ApiError
from tsock.events import ReadRevoked
from tsock.gateway import native
from tsock.sync import roots
from tsock.sync.actor import Actor
from tsock.sync.data import EMPTY
from tsock.sync.kinds import DOCUMENT, STREAM


def _document(door: OperatorsDoor, name: str = "board") -> str:
    """The path of the permissions of a new document."""
    actor = Actor(door.sid, door.world.sync_sid)
    root = door.world(roots.create, actor, DOCUMENT, unique_name=name, data=EMPTY)
    return f"/sync/default/document/{root.sid}/permissions"


def test_permissions_are_set_replaced_listed_and_removed(door: OperatorsDoor) -> None:
    path = _document(door)

    assert door.post(f"{path}/alice", {"read": True, "write": True})["write"]
    assert door.post(f"{path}/bob", {"read": True})["read"]
    replaced = door.post(f"{path}/alice", {"manage": True})

    assert (replaced["read"], replaced["write"], replaced["manage"]) == (False, False, True)
    assert door.get(f"{path}/alice") == replaced
    assert [each["identity"] for each in door.get(path)["permissions"]] == ["alice", "bob"]
    assert door.delete(f"{path}/alice") == replaced
    with pytest.raises(ApiError) as gone:
        door.get(f"{path}/alice")
    assert gone.value.code == 54354


def test_permission_is_found_by_the_unique_name_of_the_object(door: OperatorsDoor) -> None:
    by_sid = _document(door, "board")

    door.post("/sync/default/document/board/permissions/alice", {"read": True})

    assert door.get(f"{by_sid}/alice")["read"]


def test_reading_taken_back_is_announced(door: OperatorsDoor) -> None:
    path = _document(door)
    door.post(f"{path}/alice", {"read": True})

    door.post(f"{path}/alice", {"write": True})

    assert [type(fact) for fact in door.world.facts] == [ReadRevoked]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sync/default/document/nothing/permissions", 404),
        ("/sync/ISnone/document/nothing/permissions", 404),
        ("/sync/default/stream/news/permissions", 400),
        ("/sync/default/table/news/permissions", 400),
    ],
)
def test_permissions_of_what_has_none_are_refused(door: OperatorsDoor, path: str, status: int) -> None:
    door.world(roots.create, Actor(door.sid, door.world.sync_sid), STREAM, unique_name="news")

    with pytest.raises(ApiError) as refused:
        door.get(path)

    assert refused.value.status == status


def _denial(door: OperatorsDoor, number: int, account_sid: str | None = None) -> str:
    report = door.world.examine("garbage")
    denial = records.denial(f"DN{number:032x}", account_sid, door.world.now_ms + number, report)
    door.world(denials.record, denial)
    return denial.sid


def test_denial_is_told_with_every_check(door: OperatorsDoor) -> None:
    sid = _denial(door, 1)

    told = door("GET", f"/denials/{sid}")

    assert (told["sid"], told["code"], told["date"]) == (sid, 20101, "2023-11-14T22:15:00.001Z")
    assert told["report"]["checks"][0]["id"] == "empty"


def test_latest_denials_come_first_and_can_be_of_one_account(door: OperatorsDoor) -> None:
    first, second, third = (_denial(door, n, account) for n, account in ((1, None), (2, door.sid), (3, None)))

    assert [each["sid"] for each in door("GET", "/denials")["denials"]] == [third, second, first]
    assert [each["sid"] for each in door("GET", "/denials?limit=1")["denials"]] == [third]
    assert [each["sid"] for each in door("GET", f"/denials?account={door.sid}")["denials"]] == [second]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=-1", "limit=many", "limit="])
def test_number_of_denials_is_bounded(door: OperatorsDoor, query: str) -> None:
    with pytest.raises(ApiError) as refused:
        door("GET", f"/denials?{query}")

    assert refused.value.code == 20422


def _alert(door: OperatorsDoor, number: int, account_sid: str, code: int = 20103) -> str:
    at_ms = door.world.now_ms + number
    exchange = kept("POST", "/x", [("Ttl", "5")])
    alert = records.alert(
        f"NO{number:032x}", account_sid, at_ms, updated_ms=at_ms + 5, code=code, exchange=exchange
    )
    door.world(alerts.record, alert)
    return alert.sid


def test_alert_is_told_with_what_is_kept_of_the_request(door: OperatorsDoor) -> None:
    told = door("GET", f"/alerts/{_alert(door, 1, NOBODY)}")

    assert (told["date"], told["date_updated"]) == ("2023-11-14T22:15:00.001Z", "2023-11-14T22:15:00.006Z")
    assert (told["account_sid"], told["code"], told["text"]) == (None, 20103, "The key is not known.")
    assert told["exchange"] == {"method": "POST", "url": "/x", "variables": [["Ttl", "5"]]}
    with pytest.raises(ApiError, match="old ones are forgotten"):
        door("GET", "/alerts/NOnone")


def test_latest_alerts_come_first_and_can_be_of_one_account_or_code(door: OperatorsDoor) -> None:
    first, second = _alert(door, 1, door.sid), _alert(door, 2, NOBODY, 51215)

    def listed(query: str) -> list[str]:
        return [each["sid"] for each in door("GET", f"/alerts?{query}")["alerts"]]

    assert listed("") == [second, first]
    assert listed("limit=1") == [second]
    assert listed(f"account={door.sid}") == [first]
    assert listed("code=51215") == [second]


def test_changes_tell_who_made_them_and_can_be_of_one_account_or_resource(door: OperatorsDoor) -> None:
    key = door.post("/keys", {"friendly_name": "CI"})["sid"]
    door.delete(f"/keys/{key}")

    def listed(query: str) -> list[tuple[str, str]]:
        found = door("GET", f"/audit_events?{query}")["audit_events"]
        return [(each["event_type"], each["resource_sid"]) for each in found]

    assert listed(f"resource={key}") == [("key.deleted", key), ("key.created", key)]
    assert listed(f"account={door.sid}&limit=1") == [("key.deleted", key)]
    assert listed("account=ACnone") == []
    (newest,) = door("GET", "/audit_events?limit=1")["audit_events"]
    assert (newest["actor_type"], newest["source"], newest["properties"]) == ("operator", "twilio", {})


def test_unknown_denial_is_not_found(door: OperatorsDoor) -> None:
    with pytest.raises(ApiError, match="old ones are forgotten"):
        door("GET", "/denials/DNnone")


def test_feed_begins_with_the_first_question_and_repeats_nothing(door: OperatorsDoor) -> None:
    door.tail.add("event", "before anybody watched")
    begin = door("GET", "/tail")
    assert begin["happenings"] == []

    door.tail.add("event", "document_updated", topic="ET1")
    door.tail.add("connection", "opened", identity="alice")
    news = door("GET", f"/tail?after={begin['latest']}")

    assert [each["what"] for each in news["happenings"]] == ["document_updated", "opened"]
    assert door("GET", f"/tail?after={news['latest']}")["happenings"] == []


def _line(door: OperatorsDoor, name: str) -> dict[str, str]:
    return next(line for line in door("GET", "/check")["checks"] if line["id"] == name)


def test_check_of_a_sound_installation_shows_every_setting_with_its_origin(door: OperatorsDoor) -> None:
    door.world.now_ms = 1_800_000_000_000
    found = door("GET", "/check")

    assert "problem" not in [line["verdict"] for line in found["checks"]]
    port = next(setting for setting in found["settings"] if setting["name"] == "port")
    assert port == {"name": "port", "value": 8080, "origin": "default"}


def test_check_tells_whether_sockets_are_compiled(door: OperatorsDoor) -> None:
    found = (
        "compiled"
        if native.missing is None
        else f"in pure Python, which serves fewer clients: {native.missing}"
    )
    assert _line(door, "sockets") == {"id": "sockets", "verdict": "ok", "found": found}


def test_check_names_a_store_that_does_not_commit(door: OperatorsDoor) -> None:
    door.problem = "OperationalError: database or disk is full"

    assert _line(door, "store") == {
        "id": "store",
        "verdict": "problem",
        "found": door.problem,
        "fix": "see the log; what it is about is answered 503. A damaged database is put back: tsock restore",
    }
    assert door("GET", "/check")["verdict"] == "problem"


def test_check_names_files_that_cannot_be_stored(door: OperatorsDoor, tmp_path: Path) -> None:
    assert _line(door, "media")["verdict"] == "ok"
    door.blobs.down = "a file could not be stored, read or removed: No space left on device"

    line = _line(door, "media")

    assert (line["verdict"], line["found"]) == ("problem", door.blobs.down)
    assert str(tmp_path / "media") in line["fix"]


def test_check_names_a_directory_that_others_may_use(door: OperatorsDoor, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert _line(door, "data")["verdict"] == "warning"

    tmp_path.chmod(0o777)

    assert _line(door, "data")["verdict"] == "problem"
    assert _line(door, "data")["fix"] == f"chmod 700 {tmp_path}"

    tmp_path.chmod(0o700)
    (tmp_path / "tsock.db").touch()
    (tmp_path / "tsock.db").chmod(0o666)

    assert _line(door, "data")["found"] == f"everybody may write to {tmp_path}/tsock.db (mode 0666)"


def test_check_names_an_installation_that_nobody_can_use(door: OperatorsDoor, tmp_path: Path) -> None:
    assert _line(door, "accounts")["verdict"] == "ok"
    door.delete(f"/keys/{door.world.key.key_sid}")
    assert _line(door, "accounts")["fix"] == f"make one: `tsock key create --data {tmp_path}`"

    door.post("", {"status": "suspended"})

    assert _line(door, "accounts")["fix"] == f"make one: `tsock account create --data {tmp_path}`"


def test_check_names_a_clock_that_was_never_set(door: OperatorsDoor) -> None:
    door.world.now_ms = 1000

    assert _line(door, "clock")["verdict"] == "problem"


def test_check_shows_how_far_the_clock_was_moved(door: OperatorsDoor) -> None:
    door.world.now_ms = 1_800_000_000_000
    door.clock.advance(3_600_000)

    assert "3600 s ahead" in _line(door, "clock")["found"]
