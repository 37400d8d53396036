"""Documents, lists, maps and streams over REST (`protocol/rest.md`, Roots and items)."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.backend import Backend
from tests.support.rig import Rig
from tsock.accounts.caller import SYNC
from tsock.accounts.services import create_service

NOON, LATER = "2031-05-02T12:00:00Z", "2031-05-02T12:00:01Z"
HOUR_ON = "2031-05-02T13:00:00Z"
NOT_FOUND = (404, 20404)
UNKNOWN = "0" * 32
PREFIXES = {"Documents": "ET", "Lists": "ES", "Maps": "MP", "Streams": "TO"}
PARTS = {
    "Documents": ["Permissions"],
    "Lists": ["Items", "Permissions"],
    "Maps": ["Items", "Permissions"],
    "Streams": ["Messages"],
}
NAMES = [
    "a/b",
    "50%",
    "1+1",
    "two words",
    "\N{LATIN SMALL LETTER U WITH DIAERESIS}",
    "\N{GRINNING FACE}",
    "#1",
]
NAMES += ["name.json", "default", "?x=1", "..", 'a"b\\', "tab\t", "x" * 320, "ETnot"]

roots = pytest.mark.parametrize("segment", PREFIXES)


def shown(backend: Backend, segment: str, sid: str, **changes: Any) -> dict[str, Any]:
    """Every member of a root, as it is when it was just made."""
    url = f"{backend.url}/{segment}/{sid}"
    own: dict[str, Any] = {} if segment == "Streams" else {"revision": "0"}
    if segment == "Documents":
        own["data"] = {}
    return {
        "sid": sid,
        "unique_name": None,
        "account_sid": backend.rig.made.account_sid,
        "service_sid": backend.rig.made.sync_service_sid,
        "url": url,
        "links": {part.lower(): f"{url}/{part}" for part in PARTS[segment]},
        **own,
        "date_expires": None,
        "date_created": NOON,
        "date_updated": NOON,
        "created_by": "system",
        **changes,
    }


@roots
async def test_root_is_created_fetched_and_removed(backend: Backend, segment: str) -> None:
    made = await backend.post(f"/{segment}", {"UniqueName": "board"})
    sid = made.json["sid"]
    assert sid.startswith(PREFIXES[segment])
    assert (made.status, made.json) == (201, shown(backend, segment, sid, unique_name="board"))
    for name in ("board", sid, sid[:2] + sid[2:].upper()):
        assert (await backend.get(f"/{segment}/{name}"))[:2] == (200, made.body)
    removed = await backend.delete(f"/{segment}/board")
    assert (removed.status, removed.body) == (204, b"")
    assert "content-type" not in removed.headers
    for name in ("board", sid):
        assert (await backend.get(f"/{segment}/{name}")).error == NOT_FOUND
        assert (await backend.delete(f"/{segment}/{name}")).error == NOT_FOUND


@roots
async def test_root_is_created_without_any_parameter(backend: Backend, segment: str) -> None:
    """As Node sends it, with an empty body."""
    made = await backend.make(f"/{segment}")
    assert made == shown(backend, segment, made["sid"])


@roots
async def test_name_of_any_characters_finds_its_root(backend: Backend, segment: str) -> None:
    sids = {name: (await backend.make(f"/{segment}", UniqueName=name))["sid"] for name in NAMES}
    for name, sid in sids.items():
        found = (await backend.get(f"/{segment}/{quote(name, safe='')}")).json
        assert (found["sid"], found["unique_name"], found["url"]) == (
            sid,
            name,
            f"{backend.url}/{segment}/{sid}",
        )


async def test_plus_in_a_path_is_a_plus_and_in_a_form_a_space(backend: Backend) -> None:
    await backend.post("/Maps", raw=b"UniqueName=a+b%2Bc")
    assert (await backend.get("/Maps/a%20b+c")).json["unique_name"] == "a b+c"
    assert (await backend.get("/Maps/a+b+c")).error == NOT_FOUND


@roots
@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({"UniqueName": "taken"}, (409, 54301), id="taken"),
        pytest.param({"UniqueName": ""}, (400, 54302), id="empty"),
        pytest.param({"UniqueName": "x" * 321}, (400, 54302), id="long"),
        pytest.param({"UniqueName": "AC" + UNKNOWN}, (400, 54302), id="like a SID"),
        pytest.param({"Ttl": "-1"}, (400, 54011), id="negative ttl"),
        pytest.param({"Ttl": "31536001"}, (400, 54011), id="more than a year"),
        pytest.param({"Ttl": "1.5"}, (400, 54011), id="fraction"),
        pytest.param({"Ttl": "soon"}, (400, 54011), id="word"),
        pytest.param({"Ttl": ""}, (400, 54011), id="empty ttl"),
        pytest.param({"Ttl": "9" * 40}, (400, 54011), id="huge"),
        pytest.param({"Ttl": "\N{ARABIC-INDIC DIGIT ONE}"}, (400, 54011), id="other digits"),
    ],
)
async def test_refused_create_names_the_code_and_makes_nothing(
    backend: Backend, segment: str, form: dict[str, str], error: tuple[int, int]
) -> None:
    await backend.make(f"/{segment}", UniqueName="taken")
    refused = await backend.post(f"/{segment}", form)
    assert refused.error == error
    assert set(refused.json) == {"status", "code", "message", "more_info"}
    (left,) = await backend.walk(f"{backend.url}/{segment}", segment.lower())
    assert [root["unique_name"] for root in left] == ["taken"]


@roots
async def test_time_to_live_sets_and_clears_the_end(backend: Backend, segment: str) -> None:
    """Lists and maps have a long name for it, which makes the short one void."""
    made = await backend.make(f"/{segment}", UniqueName="x", Ttl="3600")
    assert made["date_expires"] == HOUR_ON
    assert (await backend.post(f"/{segment}/x", {"Ttl": "0"})).json["date_expires"] is None
    if segment in ("Lists", "Maps"):
        form = {"CollectionTtl": "3600", "Ttl": "nonsense"}
        assert (await backend.post(f"/{segment}/x", form)).json["date_expires"] == HOUR_ON
        assert (await backend.make(f"/{segment}", **form))["date_expires"] == HOUR_ON
        assert (await backend.post(f"/{segment}/x", {"CollectionTtl": "-1"})).error == (400, 54011)
    else:
        assert (await backend.post(f"/{segment}/x", {"CollectionTtl": "3600"})).error == (400, 54010)


@roots
async def test_expired_root_is_absent_everywhere_before_it_is_swept(
    rig: Rig, backend: Backend, segment: str
) -> None:
    kept = await backend.make(f"/{segment}", UniqueName="kept")
    made = await backend.make(f"/{segment}", UniqueName="x", Ttl="1")
    rig.pass_s(1)
    for name in ("x", made["sid"]):
        assert (await backend.get(f"/{segment}/{name}")).error == NOT_FOUND
        assert (await backend.post(f"/{segment}/{name}", {"Ttl": "60"})).error == NOT_FOUND
    assert (await backend.get(f"/{segment}?PageSize=5")).json[segment.lower()] == [kept]
    assert (await backend.make(f"/{segment}", UniqueName="x"))["sid"] != made["sid"]


@roots
async def test_update_that_names_nothing_is_54010(backend: Backend, segment: str) -> None:
    await backend.make(f"/{segment}", UniqueName="x")
    for form in ({}, {"Unknown": "1"}, {"UniqueName": "y"}):
        assert (await backend.post(f"/{segment}/x", form)).error == (400, 54010)


@roots
@pytest.mark.parametrize("name", ["nothing", "", "ET" + UNKNOWN, "ES" + UNKNOWN, "XX" + UNKNOWN])
async def test_absent_root_is_20404_with_every_method(backend: Backend, segment: str, name: str) -> None:
    """Applications test for this code, not for that of the client API."""
    path = f"/{segment}/{name}"
    answers = [
        await backend.get(path),
        await backend.post(path, {"Ttl": "60"}),
        await backend.delete(path),
    ]
    assert [answer.error for answer in answers] == [NOT_FOUND] * 3


async def test_root_of_another_kind_or_service_is_absent(rig: Rig, backend: Backend) -> None:
    document = await backend.make("/Documents", UniqueName="x")
    other = await rig.do(create_service, rig.made.account_sid, SYNC)
    elsewhere = Backend(rig, other.sid)
    assert (await backend.get(f"/Maps/{document['sid']}")).error == NOT_FOUND
    assert (await backend.get("/Maps/x")).error == NOT_FOUND
    assert (await elsewhere.get(f"/Documents/{document['sid']}")).error == NOT_FOUND
    assert (await elsewhere.get("/Documents/x")).error == NOT_FOUND
    assert (await elsewhere.get("/Documents")).json["documents"] == []


# Documents.


async def test_document_update_replaces_the_data_and_counts(rig: Rig, backend: Backend) -> None:
    made = await backend.post("/Documents", {"UniqueName": "x", "Data": '{"n":0}'})
    sid = made.json["sid"]
    assert (made.json["data"], made.headers["etag"]) == ({"n": 0}, "0")
    rig.pass_s(1)
    changed = await backend.post("/Documents/x", {"Data": '{"n":1}', "Ttl": "3599"})
    expected = shown(
        backend,
        "Documents",
        sid,
        unique_name="x",
        revision="1",
        data={"n": 1},
        date_updated=LATER,
        date_expires=HOUR_ON,
    )
    assert (changed.status, changed.json, changed.headers["etag"]) == (200, expected, "1")
    only_ttl = await backend.post("/Documents/x", {"Ttl": "0"})
    assert only_ttl.json == {**expected, "revision": "2", "date_expires": None}
    fetched = await backend.get("/Documents/x")
    assert (fetched.body, fetched.headers["etag"]) == (only_ttl.body, "2")


DATA = (
    '{"big":123456789012345678901234567890,"float":1.0,"tiny":1e-7,"again":1,"again":2,'
    '"text":"\\u00e9 \\/ \N{GRINNING FACE} & = + %41","nothing":null,"deep":[[{}]], "space" : [ 1,2 ]}'
)


@pytest.mark.parametrize("data", [DATA, "{}", '{"":{"":""}}', '{"a":' + "[" * 500 + "]" * 500 + "}"])
async def test_data_come_back_byte_for_byte(backend: Backend, data: str) -> None:
    expected = f'"data":{data},'.encode()
    made = await backend.post("/Documents", {"UniqueName": "x", "Data": data})
    assert expected in made.body
    assert expected in (await backend.post("/Documents/x", {"Data": data})).body
    assert expected in (await backend.get("/Documents/x")).body
    assert expected in (await backend.get("/Documents")).body


async def test_line_breaks_between_tokens_of_data_are_taken_out(backend: Backend) -> None:
    made = await backend.post("/Documents", {"Data": '{\n  "a": 1\r\n}'})
    assert b'"data":{"a": 1}' in made.body or b'"data":{"a":1}' in made.body


async def test_data_of_16384_bytes_fit_and_one_more_is_54006(backend: Backend) -> None:
    """Measured as UTF-8, however long the form makes it."""
    largest = '{"a":"' + "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 8188 + '"}'
    assert len(largest.encode()) == 16_384
    await backend.make("/Documents", UniqueName="x", Data=largest)
    assert (await backend.post("/Documents/x", {"Data": largest + " "})).error == (413, 54006)
    assert (await backend.post("/Documents", {"Data": largest + " "})).error == (413, 54006)


@pytest.mark.parametrize(
    "data",
    ["", "plain", "5", "true", "[]", '"{}"', "{", "{}{}", '{"a":01}', "{'a':1}", '{"a":"\x00"}', "\ufeff{}"],
)
async def test_data_that_are_no_json_object_are_54008(backend: Backend, data: str) -> None:
    await backend.make("/Documents", UniqueName="x", Data='{"kept":1}')
    assert (await backend.post("/Documents", {"Data": data})).error == (400, 54008)
    assert (await backend.post("/Documents/x", {"Data": data})).error == (400, 54008)
    kept = (await backend.get("/Documents/x")).json
    assert (kept["data"], kept["revision"]) == ({"kept": 1}, "0")


async def test_null_counts_as_no_data(backend: Backend) -> None:
    made = await backend.make("/Documents", UniqueName="x", Data="null")
    assert made["data"] == {}
    assert (await backend.post("/Documents/x", {"Data": "null"})).error == (400, 54010)


@pytest.mark.parametrize("header", ["1", '"1"', " 1 ", "*"])
async def test_if_match_that_holds_or_any_lets_the_update_through(backend: Backend, header: str) -> None:
    await backend.make("/Documents", UniqueName="x")
    await backend.post("/Documents/x", {"Data": "{}"})
    changed = await backend.post("/Documents/x", {"Data": "{}"}, headers=[("if-match", header)])
    assert (changed.status, changed.headers["etag"]) == (200, "2")


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("1", (412, 54103)),
        ("-1", (412, 54103)),
        ("", (400, 54003)),
        ("x y", (400, 54003)),
        ("W/1", (400, 54003)),
    ],
)
async def test_if_match_that_fails_or_is_malformed_changes_nothing(
    backend: Backend, header: str, error: tuple[int, int]
) -> None:
    await backend.make("/Documents", UniqueName="x", Data='{"kept":1}')
    changed = await backend.post("/Documents/x", {"Data": "{}"}, headers=[("if-match", header)])
    assert changed.error == error
    assert (await backend.get("/Documents/x")).json["data"] == {"kept": 1}


# Forms.


@pytest.mark.parametrize(
    "raw", [b"Ttl=1&Ttl=2", b"Data=%7B%7D&Data=%7B%7D", b"Data=%zz", b"Data=%ff", b"Data"]
)
async def test_malformed_or_double_parameter_is_20422(backend: Backend, raw: bytes) -> None:
    await backend.make("/Documents", UniqueName="x")
    assert (await backend.post("/Documents", raw=raw)).error == (400, 20422)
    assert (await backend.post("/Documents/x", raw=raw)).error == (400, 20422)


async def test_unknown_parameters_are_ignored_even_twice(backend: Backend) -> None:
    made = await backend.post(
        "/Documents", raw=b"Unknown=1&Unknown=2&UniqueName=x&uniquename=y&unique_name=z"
    )
    assert (made.status, made.json["unique_name"]) == (201, "x")


async def test_json_body_is_refused_and_not_taken_for_an_empty_form(backend: Backend) -> None:
    refused = await backend.web(
        "POST",
        f"{backend.place}/Documents",
        b'{"UniqueName":"x"}',
        headers=[("content-type", "application/json")],
        credentials=backend.credentials,
    )
    assert refused.error == (400, 20422)


# Streams.


async def test_stream_message_is_answered_with_its_sid_and_data(backend: Backend) -> None:
    await backend.make("/Streams", UniqueName="x")
    sent = await backend.post("/Streams/x/Messages", {"Data": '{"n":1.0}'})
    assert sent.status == 201
    assert sent.body == f'{{"sid":"{sent.json["sid"]}","data":{{"n":1.0}}}}'.encode()
    assert sent.json["sid"].startswith("TZ")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, (400, 54251)),
        ({"Data": "null"}, (400, 54251)),
        ({"Data": "[]"}, (400, 54008)),
        ({"Data": '{"a":"' + "x" * 4089 + '"}'}, (413, 54006)),
    ],
)
async def test_stream_message_without_sound_data_is_refused(
    backend: Backend, form: dict[str, str], error: tuple[int, int]
) -> None:
    await backend.make("/Streams", UniqueName="x")
    assert (await backend.post("/Streams/x/Messages", form)).error == error


async def test_stream_message_of_4096_bytes_fits_and_one_to_nowhere_is_20404(backend: Backend) -> None:
    await backend.make("/Streams", UniqueName="x")
    data = '{"a":"' + "x" * 4088 + '"}'
    assert len(data) == 4096
    assert (await backend.post("/Streams/x/Messages", {"Data": data})).status == 201
    assert (await backend.post("/Streams/y/Messages", {"Data": data})).error == NOT_FOUND


# Lists of roots.


@roots
async def test_list_shows_roots_as_they_are_fetched_the_oldest_first(
    rig: Rig, backend: Backend, segment: str
) -> None:
    made = []
    for name in ("c", "a", "b"):
        made.append(await backend.make(f"/{segment}", UniqueName=name))
        rig.pass_s(1)
    page = await backend.get(f"/{segment}")
    here = f"https://tsock.example{backend.place}/{segment}?PageSize=50&Page=0"
    assert (page.status, page.json) == (
        200,
        {
            segment.lower(): made,
            "meta": {
                "key": segment.lower(),
                "page": 0,
                "page_size": 50,
                "first_page_url": here,
                "previous_page_url": None,
                "url": here,
                "next_page_url": None,
            },
        },
    )


@roots
async def test_pages_of_roots_meet_each_once_in_both_directions(backend: Backend, segment: str) -> None:
    """All are made in the same millisecond."""
    key = segment.lower()
    sids = sorted([(await backend.make(f"/{segment}"))["sid"] for _ in range(7)])
    forth = await backend.walk(f"https://tsock.example{backend.place}/{segment}?PageSize=3", key)
    assert [[root["sid"] for root in page] for page in forth] == [sids[:3], sids[3:6], sids[6:]]
    last = await backend.get(f"/{segment}?PageSize=3")
    while last.json["meta"]["next_page_url"]:
        last = await backend.get(last.json["meta"]["next_page_url"].partition(backend.place)[2])
    assert last.json["meta"]["page"] == 2
    back = await backend.walk(last.json["meta"]["url"], key, "previous_page_url")
    assert [root["sid"] for page in reversed(back) for root in page] == sids


async def test_roots_that_come_and_go_between_pages_neither_hide_nor_repeat_others(
    rig: Rig, backend: Backend
) -> None:
    old = [(await backend.make("/Maps"))["sid"] for _ in range(6)]
    old.sort()
    first = (await backend.get("/Maps?PageSize=2")).json
    for sid in (old[1], old[2]):
        await backend.delete(f"/Maps/{sid}")
    rig.pass_s(1)
    new = (await backend.make("/Maps"))["sid"]
    rest = await backend.walk(first["meta"]["next_page_url"], "maps")
    assert [root["sid"] for page in rest for root in page] == [*old[3:], new]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("PageSize=0", (400, 54454)),
        ("PageSize=-1", (400, 54454)),
        ("PageSize=ten", (400, 54454)),
        ("PageSize=", (400, 54454)),
        ("Page=-1", (400, 20422)),
        ("PageToken=x", (400, 54453)),
        ("PageToken=", (400, 54453)),
        ("PageToken=%C3%BC", (400, 54453)),
        ("%zz=1", (400, 20422)),
    ],
)
@pytest.mark.parametrize(
    "path", ["/Documents", "/Lists/list/Items", "/Maps/map/Items", "/Maps/map/Permissions", ""]
)
async def test_page_that_no_list_has_is_refused(
    backend: Backend, path: str, query: str, error: tuple[int, int]
) -> None:
    await backend.make("/Lists", UniqueName="list")
    await backend.make("/Maps", UniqueName="map")
    if path == "":
        backend.place = "/sync/v1/Services"
    assert (await backend.get(f"{path}?{query}")).error == error


async def test_page_holds_at_most_100_rows_however_many_are_asked_for(backend: Backend) -> None:
    for _ in range(101):
        await backend.make("/Streams")
    page = (await backend.get("/Streams?PageSize=1000")).json
    assert (len(page["streams"]), page["meta"]["page_size"]) == (100, 100)
    (rest,) = await backend.walk(page["meta"]["next_page_url"], "streams")
    assert len(rest) == 1


async def test_page_token_of_another_list_is_54453(rig: Rig, backend: Backend) -> None:
    for _ in range(2):
        await backend.make("/Documents")
        await backend.make("/Maps")
    url = (await backend.get("/Maps?PageSize=1")).json["meta"]["next_page_url"]
    query = url.partition("?")[2]
    assert (await backend.get(f"/Maps?{query}")).status == 200
    assert (await backend.get(f"/Documents?{query}")).error == (400, 54453)
    assert (await backend.get(f"/Maps?{query}&Filter=1")).error == (400, 54453)
    other = await rig.do(create_service, rig.made.account_sid, SYNC)
    assert (await Backend(rig, other.sid).get(f"/Maps?{query}")).error == (400, 54453)
