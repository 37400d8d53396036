"""Items of lists and maps over REST (`protocol/rest.md`, Roots and items)."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.backend import Backend
from tests.support.rig import Rig

NOON, LATER, HOUR_ON = "2031-05-02T12:00:00Z", "2031-05-02T12:00:01Z", "2031-05-02T13:00:00Z"
NOT_FOUND = (404, 20404)
KEYS = [
    "a/b",
    "50%",
    "1+1",
    "two words",
    "\N{LATIN SMALL LETTER U WITH DIAERESIS}",
    "\N{GRINNING FACE}",
    "#1",
]
KEYS += ["key.json", "+15551234567", "?x=1", "..", 'a"b\\', "tab\t\n", "x" * 320, "MP" + "A" * 32, "Items"]
LARGEST = '{"a":"' + "x" * 16_376 + '"}'

collections = pytest.mark.parametrize("segment", ["Lists", "Maps"])


@pytest.fixture
async def places(backend: Backend) -> dict[str, str]:
    """Where the items of a list and a map are, both called x."""
    for segment in ("Lists", "Maps"):
        await backend.make(f"/{segment}", UniqueName="x")
    return {"Lists": "/Lists/x/Items", "Maps": "/Maps/x/Items"}


async def add(backend: Backend, place: str, key: int, data: str = "{}", **form: str) -> Any:
    """The item with this index, or this number as its key."""
    if "Maps" in place:
        form["Key"] = str(key)
    return await backend.make(place, Data=data, **form)


def shown(backend: Backend, root: Any, key: int | str, **changes: Any) -> dict[str, Any]:
    """Every member of an item, as it is when it was just made."""
    named: dict[str, Any] = {"index": key} if isinstance(key, int) else {"key": key}
    segment, whose = ("Lists", "list_sid") if isinstance(key, int) else ("Maps", "map_sid")
    return {
        **named,
        "account_sid": backend.rig.made.account_sid,
        "service_sid": backend.rig.made.sync_service_sid,
        whose: root["sid"],
        "url": f"{backend.url}/{segment}/{root['sid']}/Items/{quote(str(key), safe='')}",
        "revision": "0",
        "data": {},
        "date_expires": None,
        "date_created": NOON,
        "date_updated": NOON,
        "created_by": "system",
        **changes,
    }


@pytest.mark.parametrize(("segment", "key"), [("Lists", 0), ("Maps", "k")])
async def test_item_is_added_fetched_changed_and_removed(
    rig: Rig, backend: Backend, segment: str, key: int | str
) -> None:
    root = await backend.make(f"/{segment}", UniqueName="x")
    place = f"/{segment}/x/Items"
    named = {"Key": key} if isinstance(key, str) else {}
    made = await backend.post(place, {"Data": '{"n":0}', "ItemTtl": "3600", **named})
    expected = shown(backend, root, key, data={"n": 0}, date_expires=HOUR_ON)
    assert (made.status, made.json, made.headers["etag"]) == (201, expected, "0")
    fetched = await backend.get(f"/{segment}/{root['sid']}/Items/{key}")
    assert (fetched.status, fetched.body, fetched.headers["etag"]) == (200, made.body, "0")
    rig.pass_s(1)
    changed = await backend.post(f"{place}/{key}", {"Data": '{"n":1}'})
    expected.update(data={"n": 1}, revision="1", date_updated=LATER)
    assert (changed.status, changed.json, changed.headers["etag"]) == (200, expected, "1")
    only_ttl = await backend.post(f"{place}/{key}", {"Ttl": "0"})
    assert only_ttl.json == {**expected, "revision": "2", "date_expires": None}
    assert (await backend.get(f"/{segment}/x")).json["revision"] == "3"
    removed = await backend.delete(f"{place}/{key}")
    assert (removed.status, removed.body) == (204, b"")
    assert (await backend.get(f"{place}/{key}")).error == NOT_FOUND
    assert (await backend.delete(f"{place}/{key}")).error == NOT_FOUND
    assert (await backend.post(f"{place}/{key}", {"Data": "{}"})).error == NOT_FOUND  # nothing is made


async def test_key_of_any_characters_finds_its_item(backend: Backend) -> None:
    root = await backend.make("/Maps", UniqueName="x")
    for number, key in enumerate(KEYS):
        await backend.make("/Maps/x/Items", Key=key, Data=f'{{"n":{number}}}')
    for number, key in enumerate(KEYS):
        path = f"/Maps/x/Items/{quote(key, safe='')}"
        found = (await backend.get(path)).json
        assert (found["key"], found["data"]) == (key, {"n": number})
        assert found["url"] == f"{backend.url}/Maps/{root['sid']}/Items/{quote(key, safe='')}"
        assert (await backend.post(path, {"Data": "{}"})).json["key"] == key
        assert (await backend.delete(path)).status == 204
    assert (await backend.get("/Maps/x/Items")).json["items"] == []


async def test_plus_in_the_path_of_a_phone_number_is_no_space(
    backend: Backend, places: dict[str, str]
) -> None:
    await backend.make(places["Maps"], Key="+15551234567", Data="{}")
    assert (await backend.get(f"{places['Maps']}/+15551234567")).status == 200
    assert (await backend.get(f"{places['Maps']}/%2015551234567")).error == NOT_FOUND


@pytest.mark.parametrize(
    ("segment", "form", "error"),
    [
        ("Lists", {}, (400, 54156)),
        ("Lists", {"Data": "null"}, (400, 54156)),
        ("Lists", {"Data": "[]"}, (400, 54008)),
        ("Lists", {"Data": LARGEST + " "}, (413, 54006)),
        ("Lists", {"Data": "{}", "Ttl": "x"}, (400, 54011)),
        ("Lists", {"Data": "{}", "ItemTtl": "-1"}, (400, 54011)),
        ("Lists", {"Data": "{}", "CollectionTtl": "31536001"}, (400, 54011)),
        ("Maps", {"Data": "{}"}, (400, 54209)),
        ("Maps", {"Data": "{}", "Key": ""}, (400, 54209)),
        ("Maps", {"Data": "{}", "Key": "x" * 321}, (400, 54209)),
        ("Maps", {"Key": "k"}, (400, 54206)),
        ("Maps", {"Key": "k", "Data": "5"}, (400, 54008)),
        ("Maps", {"Key": "k", "Data": LARGEST + " "}, (413, 54006)),
        ("Maps", {"Key": "taken", "Data": "{}"}, (409, 54208)),
    ],
)
async def test_refused_item_names_the_code_and_is_not_made(
    backend: Backend, places: dict[str, str], segment: str, form: dict[str, str], error: tuple[int, int]
) -> None:
    await backend.make(places["Maps"], Key="taken", Data='{"kept":1}')
    assert (await backend.post(places[segment], form)).error == error
    left = (await backend.get(places[segment])).json["items"]
    assert [item["data"] for item in left] == [{"kept": 1}] * (segment == "Maps")
    assert (await backend.get(f"/{segment}/x")).json["date_expires"] is None


@collections
async def test_item_of_16384_bytes_fits(backend: Backend, places: dict[str, str], segment: str) -> None:
    assert len(LARGEST) == 16_384
    made = await add(backend, places[segment], 0, LARGEST)
    assert made["data"] == {"a": "x" * 16_376}


@collections
@pytest.mark.parametrize("root", ["nothing", "", "ES" + "0" * 32, "MP" + "0" * 32])
async def test_items_of_an_absent_root_are_20404(backend: Backend, segment: str, root: str) -> None:
    place = f"/{segment}/{root}/Items"
    answers = [
        await backend.get(place),
        await backend.post(place, {"Key": "k", "Data": "{}"}),
        await backend.get(f"{place}/0"),
        await backend.post(f"{place}/0", {"Data": "{}"}),
        await backend.delete(f"{place}/0"),
    ]
    assert [answer.error for answer in answers] == [NOT_FOUND] * 5


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/Lists/x/Items/one", (400, 54458)),
        ("/Lists/x/Items/-1", (400, 54458)),
        ("/Lists/x/Items/1.0", (400, 54458)),
        ("/Lists/x/Items/", (400, 54458)),
        (f"/Lists/x/Items/{'9' * 19}", (400, 54458)),
        (f"/Lists/x/Items/{'9' * 18}", NOT_FOUND),
        ("/Maps/x/Items/", (400, 54209)),
        (f"/Maps/x/Items/{'x' * 321}", NOT_FOUND),
    ],
)
async def test_what_names_no_item_is_refused_by_every_method(
    backend: Backend, places: dict[str, str], path: str, error: tuple[int, int]
) -> None:
    answers = [await backend.get(path), await backend.post(path, {"Data": "{}"}), await backend.delete(path)]
    assert [answer.error for answer in answers] == [error] * 3


@collections
@pytest.mark.parametrize("form", [{}, {"Unknown": "1"}, {"CollectionTtl": "60"}])
async def test_item_update_needs_data_or_a_time_to_live_of_its_own(
    backend: Backend, places: dict[str, str], segment: str, form: dict[str, str]
) -> None:
    await add(backend, places[segment], 0)
    assert (await backend.post(f"{places[segment]}/0", form)).error == (400, 54010)
    assert (await backend.get(f"/{segment}/x")).json["date_expires"] is None


@collections
async def test_long_name_of_a_time_to_live_makes_the_short_one_void(
    backend: Backend, places: dict[str, str], segment: str
) -> None:
    place = places[segment]
    made = await add(backend, place, 0, Ttl="nonsense", ItemTtl="3600")
    assert made["date_expires"] == HOUR_ON
    assert (await add(backend, place, 1, Ttl="3600"))["date_expires"] == HOUR_ON
    changed = await backend.post(f"{place}/1", {"Ttl": "3600", "ItemTtl": "0"})
    assert changed.json["date_expires"] is None


@collections
async def test_collection_ttl_ends_the_collection_and_not_the_item(
    rig: Rig, backend: Backend, places: dict[str, str], segment: str
) -> None:
    """One step of the counter for both."""
    place = places[segment]
    made = await add(backend, place, 0, CollectionTtl="3600")
    root = (await backend.get(f"/{segment}/x")).json
    assert (made["date_expires"], root["date_expires"], root["revision"]) == (None, HOUR_ON, "1")
    await backend.post(f"{place}/0", {"Data": "{}", "CollectionTtl": "0"})
    root = (await backend.get(f"/{segment}/x")).json
    assert (root["date_expires"], root["revision"]) == (None, "2")
    await backend.post(f"{place}/0", {"ItemTtl": "0", "CollectionTtl": "1"})
    rig.pass_s(1)
    assert (await backend.get(f"{place}/0")).error == NOT_FOUND
    assert (await backend.get(place)).error == NOT_FOUND


@collections
async def test_collection_ttl_beside_a_failed_write_changes_nothing(
    backend: Backend, places: dict[str, str], segment: str
) -> None:
    await add(backend, places[segment], 0)
    for item, headers in (("0", [("if-match", "77")]), ("1", [])):
        form = {"Data": "{}", "CollectionTtl": "60"}
        refused = await backend.post(f"{places[segment]}/{item}", form, headers=headers)
        assert refused.status in (404, 412)
    assert (await backend.get(f"/{segment}/x")).json["date_expires"] is None


@pytest.mark.parametrize(("segment", "mismatch"), [("Lists", 54155), ("Maps", 54205)])
async def test_if_match_guards_updates_and_removals_of_items(
    backend: Backend, places: dict[str, str], segment: str, mismatch: int
) -> None:
    await add(backend, places[segment], 0)
    item = f"{places[segment]}/0"
    for header, error in (
        ("7", (412, mismatch)),
        ("-1", (412, mismatch)),
        ("x", (400, 54003)),
        ("", (400, 54003)),
    ):
        headers = [("if-match", header)]
        assert (await backend.post(item, {"Data": "{}"}, headers=headers)).error == error
        assert (await backend.delete(item, headers=headers)).error == error
    assert (await backend.get(item)).json["revision"] == "0"
    changed = await backend.post(item, {"Data": "{}"}, headers=[("if-match", '"0"')])
    assert (changed.status, changed.headers["etag"]) == (200, "1")
    assert (await backend.delete(item, headers=[("if-match", "1")])).status == 204
    await add(backend, places[segment], 0 if segment == "Maps" else 1)
    again = f"{places[segment]}/{0 if segment == 'Maps' else 1}"
    assert (await backend.delete(again, headers=[("if-match", "*")])).status == 204


async def test_if_match_given_twice_is_refused(backend: Backend, places: dict[str, str]) -> None:
    await add(backend, places["Lists"], 0)
    headers = [("if-match", "0"), ("if-match", "1")]
    assert (await backend.post("/Lists/x/Items/0", {"Data": "{}"}, headers=headers)).error == (400, 20422)


async def test_index_of_a_removed_item_is_not_used_again(backend: Backend, places: dict[str, str]) -> None:
    for index in (0, 1):
        assert (await add(backend, places["Lists"], index))["index"] == index
    await backend.delete("/Lists/x/Items/1")
    assert (await add(backend, places["Lists"], 2))["index"] == 2


# Pages.


@pytest.fixture
async def twelve(backend: Backend, places: dict[str, str]) -> dict[str, str]:
    """Twelve items in each."""
    for key in range(12):
        for place in places.values():
            await add(backend, place, key)
    return places


def names(page: list[Any]) -> list[int]:
    return [int(item.get("index", item.get("key"))) for item in page]


async def page_names(backend: Backend, path: str) -> list[int]:
    page = await backend.get(path)
    assert page.status == 200, page
    return names(page.json["items"])


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_of_items_meet_each_once_in_both_directions(
    backend: Backend, twelve: dict[str, str], descending: bool
) -> None:
    """Indexes sort by number, keys by code point, and links keep the order."""
    for segment, order in (("Lists", range(12)), ("Maps", sorted(range(12), key=str))):
        expected = list(order)[:: -1 if descending else 1]
        query = f"?PageSize=5{'&Order=desc' if descending else ''}"
        url = f"https://tsock.example{backend.place}{twelve[segment]}{query}"
        forth = await backend.walk(url, "items")
        assert [names(page) for page in forth] == [expected[:5], expected[5:10], expected[10:]]
        page = await backend.follow(url)
        while page["meta"]["next_page_url"]:
            page = await backend.follow(page["meta"]["next_page_url"])
        assert (page["meta"]["page"], page["meta"]["page_size"]) == (2, 5)
        back = await backend.walk(page["meta"]["url"], "items", "previous_page_url")
        assert [name for page in reversed(back) for name in names(page)] == expected


async def test_page_of_items_has_every_member_and_the_filters_in_its_links(
    backend: Backend, twelve: dict[str, str]
) -> None:
    page = (await backend.get("/Lists/x/Items?From=3&Order=desc&Bounds=exclusive&PageSize=2&Own=%2B")).json
    assert names(page["items"]) == [2, 1]
    assert page["items"][0] == (await backend.get("/Lists/x/Items/2")).json
    meta = page["meta"]
    here = f"https://tsock.example{backend.place}/Lists/x/Items?Bounds=exclusive&From=3&Order=desc&Own=%2B&PageSize=2"
    assert (meta["key"], meta["page"], meta["page_size"]) == ("items", 0, 2)
    assert (meta["url"], meta["first_page_url"]) == (f"{here}&Page=0", f"{here}&Page=0")
    assert meta["next_page_url"].startswith(f"{here}&Page=1&PageToken=")
    assert meta["previous_page_url"].startswith(f"{here}&Page=0&PageToken=")
    following = await backend.follow(meta["next_page_url"])
    assert (names(following["items"]), following["meta"]["next_page_url"]) == ([0], None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("From=3&PageSize=2", [3, 4]),
        ("From=3&Bounds=inclusive&PageSize=2", [3, 4]),
        ("From=3&Bounds=exclusive&PageSize=2", [4, 6]),
        ("From=5&PageSize=2", [6, 7]),
        ("From=5&Order=desc&PageSize=2", [4, 3]),
        ("From=4&Order=desc&Bounds=exclusive", [3, 2, 1, 0]),
        ("From=99", []),
        ("Order=asc&PageSize=1", [0]),
    ],
)
async def test_from_and_bounds_place_the_page(
    backend: Backend, twelve: dict[str, str], query: str, expected: list[int]
) -> None:
    await backend.delete("/Lists/x/Items/5")
    assert await page_names(backend, f"/Lists/x/Items?{query}") == expected


async def test_from_of_a_map_is_any_key(backend: Backend, places: dict[str, str]) -> None:
    for key in ("a", "a/b", "b", "\N{LATIN SMALL LETTER E WITH ACUTE}"):
        await backend.make(places["Maps"], Key=key, Data="{}")

    async def keys(query: str) -> list[str]:
        return [item["key"] for item in (await backend.get(f"/Maps/x/Items?{query}")).json["items"]]

    assert await keys("From=a%2Fb&Bounds=exclusive") == ["b", "\N{LATIN SMALL LETTER E WITH ACUTE}"]
    assert await keys("From=%C3%A9") == ["\N{LATIN SMALL LETTER E WITH ACUTE}"]
    assert await keys("From=aa&Order=desc") == ["a/b", "a"]
    assert await keys("From=") == ["a", "a/b", "b", "\N{LATIN SMALL LETTER E WITH ACUTE}"]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("Order=DESC", (400, 54451)),
        ("Order=", (400, 54451)),
        ("Bounds=both", (400, 54452)),
        ("From=x", (400, 54458)),
        ("From=", (400, 54458)),
        ("From=-1", (400, 54458)),
        ("From=1&From=2", (400, 20422)),
        ("Order=asc&Order=asc", (400, 20422)),
    ],
)
async def test_malformed_query_for_items_is_refused(
    backend: Backend, places: dict[str, str], query: str, error: tuple[int, int]
) -> None:
    assert (await backend.get(f"/Lists/x/Items?{query}")).error == error


async def test_empty_page_leads_back_to_the_items_before_it(backend: Backend, twelve: dict[str, str]) -> None:
    page = (await backend.get("/Lists/x/Items?From=99&PageSize=5")).json
    assert (page["items"], page["meta"]["next_page_url"]) == ([], None)
    back = await backend.follow(page["meta"]["previous_page_url"])
    assert names(back["items"]) == [7, 8, 9, 10, 11]


async def test_items_that_come_and_go_between_pages_neither_hide_nor_repeat_others(
    backend: Backend, twelve: dict[str, str]
) -> None:
    first = (await backend.get("/Lists/x/Items?PageSize=5")).json
    for index in (4, 5, 6):
        await backend.delete(f"/Lists/x/Items/{index}")
    await add(backend, twelve["Lists"], 12)
    rest = await backend.walk(first["meta"]["next_page_url"], "items")
    assert [name for page in rest for name in names(page)] == [7, 8, 9, 10, 11, 12]


async def test_page_token_of_another_collection_is_54453(backend: Backend, twelve: dict[str, str]) -> None:
    query = (await backend.get("/Lists/x/Items?PageSize=5")).json["meta"]["next_page_url"].partition("?")[2]
    other = await backend.make("/Lists")
    assert (await backend.get(f"/Lists/{other['sid']}/Items?{query}")).error == (400, 54453)
    assert (await backend.get(f"/Maps/x/Items?{query}")).error == (400, 54453)


async def test_page_of_large_items_ends_early_and_goes_on_behind_them(
    backend: Backend, places: dict[str, str]
) -> None:
    for index in range(20):
        await add(backend, places["Lists"], index, LARGEST)
    pages = await backend.walk(f"https://tsock.example{backend.place}/Lists/x/Items?PageSize=50", "items")
    assert [len(page) for page in pages] == [16, 4]


async def test_expired_items_are_not_shown(rig: Rig, backend: Backend, places: dict[str, str]) -> None:
    await add(backend, places["Lists"], 0, Ttl="1")
    await add(backend, places["Lists"], 1)
    rig.pass_s(1)
    assert (await backend.get("/Lists/x/Items/0")).error == NOT_FOUND
    assert await page_names(backend, "/Lists/x/Items") == [1]
