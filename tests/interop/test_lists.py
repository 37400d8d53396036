"""Lists, their items and their pages (`protocol/sync.md`, Requests and Paging)."""

from typing import Any

import pytest

from tests.interop.bare import Bare
from tests.interop.sdk import Js, SdkError, SdkObject


@pytest.fixture
def items(bare: Bare) -> str:
    """URL of the items of an empty list."""
    return bare.post("/v3/Lists", {}).ok(201)["links"]["items"]


def _push(bare: Bare, items: str, count: int) -> list[Any]:
    sent = [bare.start("post", items, {}, {"data": {"n": n}}) for n in range(count)]
    return [bare.reply(outcome).ok(201) for outcome in sent]


def _indexes(page: dict[str, Any]) -> list[int]:
    return [item["index"] for item in page["items"]]


def test_items_pushed_by_one_client_reach_the_other_in_order(
    alice: SdkObject, bob: SdkObject, name: str
) -> None:
    mine = alice.list(name)
    seen = bob.list(name).subscribed()

    for n in range(20):
        mine.push({"n": n})

    arrived = [seen.next("itemAdded") for _ in range(20)]
    assert [(each["item"]["index"], each["item"]["data"]["n"]) for each in arrived] == [
        (n, n) for n in range(20)
    ]
    assert not any(each["isLocal"] for each in arrived)
    assert [item["data"]["n"] for item in seen.getItems().properties["items"]] == list(range(20))


def test_item_changed_and_removed_by_one_client_reaches_the_other(
    alice: SdkObject, bob: SdkObject, name: str
) -> None:
    mine = alice.list(name)
    seen = bob.list(name).subscribed()
    mine.push({"n": 1})
    mine.set(0, {"n": 2})
    mine.mutate(0, Js("value => ({ n: value.n + 1 })"))
    mine.remove(0)

    assert seen.next("itemAdded")["item"]["index"] == 0
    assert seen.next("itemUpdated")["previousItemData"] == {"n": 1}
    assert seen.next("itemUpdated")["previousItemData"] == {"n": 2}
    removed = seen.next("itemRemoved")
    assert (removed["index"], removed["previousItemData"]) == (0, {"n": 3})
    assert seen.getItems().properties["items"] == []


def test_item_heard_of_only_by_its_event_can_be_changed(alice: SdkObject, bob: SdkObject, name: str) -> None:
    """That takes the `item_url` of the event."""
    mine = alice.list(name)
    theirs = bob.list(name).subscribed()
    mine.push({"n": 1})
    theirs.next("itemAdded")

    theirs.remove(0)

    assert mine.next("itemRemoved")["isLocal"] is False


def test_new_list_starts_before_its_first_event(bare: Bare) -> None:
    made = bare.post("/v3/Lists", {}).ok(201)

    assert (made["revision"], made["last_event_id"]) == ("0", -1)
    assert set(made["links"]) == {"items", "context"}


def test_pushed_items_are_numbered_from_zero(bare: Bare, items: str) -> None:
    made = [bare.post(items, {"data": {"n": n}}).ok(201) for n in range(3)]

    assert [(item["index"], item["last_event_id"], item["revision"]) for item in made] == [
        (0, 0, "0"),
        (1, 1, "1"),
        (2, 2, "2"),
    ]
    assert all(item["url"] == f"{items}/{item['index']}" for item in made)
    assert all(item["list_sid"] in items and item.get("data") is None for item in made)


def test_list_counts_the_events_of_its_items(bare: Bare) -> None:
    made = bare.post("/v3/Lists", {}).ok(201)
    bare.post(made["links"]["items"], {"data": {}}).ok(201)
    item = bare.post(made["links"]["items"], {"data": {}}).ok(201)

    now = bare.get(made["url"]).ok()

    assert (now["revision"], now["last_event_id"]) == ("2", 1)
    assert now["date_updated"] == item["date_updated"]


def test_absent_item_is_not_found(bare: Bare, items: str, alice: SdkObject, name: str) -> None:
    for reply in (bare.post(f"{items}/7", {"data": {}}), bare.get(f"{items}/7"), bare.delete(f"{items}/7")):
        assert reply.error == (404, 54151)
        assert reply.body["message"].startswith("Item not found: ")
    with pytest.raises(SdkError) as refused:
        alice.list(name).get(7)
    assert (refused.value.status, refused.value.code) == (404, 54151)


@pytest.mark.parametrize("index", ["-1", "x", "1.5"])
def test_malformed_index_is_refused(bare: Bare, items: str, index: str) -> None:
    assert bare.get(f"{items}?Index={index}").error == (400, 54458)


def test_removal_answers_with_its_event(bare: Bare, items: str) -> None:
    item = bare.post(items, {"data": {"n": 1}}).ok(201)

    removed = bare.delete(item["url"]).ok(200)

    assert (removed["index"], removed["last_event_id"]) == (0, 1)
    assert removed["date_updated"] > item["date_updated"]


def test_indexes_are_not_used_again(bare: Bare, items: str) -> None:
    _push(bare, items, 3)
    bare.delete(f"{items}/2").ok()
    bare.delete(f"{items}/0").ok()

    assert bare.post(items, {"data": {}}).ok(201)["index"] == 3
    assert _indexes(bare.get(items).ok()) == [1, 3]


def test_item_write_obeys_its_revision(bare: Bare, items: str) -> None:
    url = bare.post(items, {"data": {"n": 0}}).ok(201)["url"]
    bare.post(url, {"data": {"n": 1}}, if_match="0").ok()

    assert bare.post(url, {"data": {"n": 2}}, if_match="0").error == (412, 54155)
    assert bare.get(url).ok()["data"] == {"n": 1}


def test_item_is_read_by_its_url_and_by_its_index(bare: Bare, items: str) -> None:
    made = _push(bare, items, 2)

    item = bare.get(made[1]["url"]).ok()
    found = bare.get(f"{items}?HideExpired=true&Index=1").ok()
    missing = bare.get(f"{items}?HideExpired=true&Index=9").ok()

    assert item["data"] == {"n": 1}
    assert found["items"] == [item]
    assert missing["items"] == []
    assert missing["meta"]["key"] == "items"


def test_order_is_numeric_and_can_be_reversed(bare: Bare, items: str) -> None:
    _push(bare, items, 12)

    assert _indexes(bare.get(items).ok()) == list(range(12))
    assert _indexes(bare.get(f"{items}?Order=desc").ok()) == list(range(11, -1, -1))


def test_page_starts_at_from_or_what_follows_it(bare: Bare, items: str) -> None:
    _push(bare, items, 6)
    bare.delete(f"{items}/3").ok()

    assert _indexes(bare.get(f"{items}?From=2").ok()) == [2, 4, 5]
    assert _indexes(bare.get(f"{items}?From=2&Bounds=exclusive").ok()) == [4, 5]
    assert _indexes(bare.get(f"{items}?From=3").ok()) == [4, 5]
    assert _indexes(bare.get(f"{items}?From=3&Order=desc").ok()) == [2, 1, 0]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_page_tokens_tell_the_ends(bare: Bare, items: str, order: str) -> None:
    _push(bare, items, 12)
    pages = []
    query = f"Order={order}&PageSize=5"
    while True:
        pages.append(bare.get(f"{items}?{query}").ok())
        if len(pages[-1]["items"]) < 5:
            break
        query = f"Order={order}&PageSize=5&Bounds=exclusive&From={pages[-1]['items'][-1]['index']}"

    expected = list(range(12)) if order == "asc" else list(range(11, -1, -1))
    assert [_indexes(page) for page in pages] == [expected[:5], expected[5:10], expected[10:]]
    assert [page["meta"]["previous_token"] is None for page in pages] == [True, False, False]
    assert [page["meta"]["next_token"] is None for page in pages] == [False, False, True]


def test_empty_page_tells_its_place(bare: Bare, items: str) -> None:
    empty = bare.get(items).ok()
    _push(bare, items, 2)
    beyond = bare.get(f"{items}?From=999").ok()

    assert (empty["items"], empty["meta"]["previous_token"], empty["meta"]["next_token"]) == ([], None, None)
    assert (beyond["items"], beyond["meta"]["next_token"]) == ([], None)
    assert beyond["meta"]["previous_token"] is not None


def test_page_has_at_most_a_hundred_rows(bare: Bare, items: str) -> None:
    _push(bare, items, 101)

    page = bare.get(f"{items}?PageSize=201").ok()

    assert _indexes(page) == list(range(100))
    assert page["meta"]["next_token"] is not None


def test_page_tokens_lead_to_the_pages_beside(bare: Bare, items: str) -> None:
    _push(bare, items, 9)
    first = bare.get(f"{items}?PageSize=3").ok()

    second = bare.get(f"{items}?PageToken={first['meta']['next_token']}").ok()
    back = bare.get(f"{items}?PageToken={second['meta']['previous_token']}").ok()

    assert _indexes(second) == [3, 4, 5]
    assert _indexes(back) == [0, 1, 2]
    assert bare.get(f"{items}?PageToken=x{first['meta']['next_token']}").error == (400, 54453)


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_unusable_page_size_is_refused(bare: Bare, items: str, size: str) -> None:
    assert bare.get(f"{items}?PageSize={size}").error == (400, 54454)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sdk_pages_forward_and_back_over_every_item(
    alice: SdkObject, bare: Bare, items: str, order: str
) -> None:
    _push(bare, items, 25)
    page = alice.list(items.split("/")[-2]).getItems({"pageSize": 10, "order": order})

    walked = [page.properties]
    while page.properties["hasNextPage"]:
        page = page.nextPage()
        walked.append(page.properties)
    back = page.prevPage().properties

    indexes = [item["index"] for each in walked for item in each["items"]]
    assert indexes == (list(range(25)) if order == "asc" else list(range(24, -1, -1)))
    assert [item["index"] for item in back["items"]] == indexes[10:20]


def test_list_context_is_readable(alice: SdkObject, name: str) -> None:
    assert alice.list(name).getContext() == {}
