"""Maps and their items (`protocol/sync.md`, Requests and Conditional writes)."""

from urllib.parse import quote

import pytest

from tests.interop.bare import Bare
from tests.interop.conftest import Connect
from tests.interop.sdk import Js, SdkError, SdkObject


@pytest.fixture
def items(bare: Bare) -> str:
    """URL of the items of an empty map."""
    return bare.post("/v3/Maps", {}).ok(201)["links"]["items"]


def test_item_set_changed_and_removed_by_one_client_reaches_the_other(
    alice: SdkObject, bob: SdkObject, name: str
) -> None:
    mine = alice.map(name)
    seen = bob.map(name).subscribed()

    mine.set("u/1", {"name": "Ann"})
    mine.update("u/1", {"age": 7})
    mine.remove("u/1")

    added = seen.next("itemAdded")
    assert (added["item"]["key"], added["isLocal"]) == ("u/1", False)
    assert seen.next("itemUpdated")["previousItemData"] == {"name": "Ann"}
    removed = seen.next("itemRemoved")
    assert (removed["key"], removed["previousItemData"]) == ("u/1", {"name": "Ann", "age": 7})


def test_item_heard_of_only_by_its_event_can_be_changed(alice: SdkObject, bob: SdkObject, name: str) -> None:
    mine = alice.map(name)
    theirs = bob.map(name).subscribed()
    mine.set("a/b é", {"n": 1})
    theirs.next("itemAdded")

    theirs.remove("a/b é")

    assert mine.next("itemRemoved")["key"] == "a/b é"


def test_new_map_starts_before_its_first_event(bare: Bare) -> None:
    made = bare.post("/v3/Maps", {}).ok(201)

    assert (made["revision"], made["last_event_id"]) == ("0", -1)
    assert set(made["links"]) == {"items"}


def test_put_tells_a_new_item_from_a_replaced_one(bare: Bare, items: str) -> None:
    made = bare.put(f"{items}/k", {"data": {"n": 1}}).ok(201)
    replaced = bare.put(f"{items}/k", {"data": {"n": 2}}).ok(200)

    assert (made["key"], made["revision"], made["last_event_id"]) == ("k", "0", 0)
    assert (replaced["revision"], replaced["last_event_id"]) == ("1", 1)
    assert replaced["date_created"] == made["date_created"]
    assert made.get("data") is None
    assert made["map_sid"] in items


def test_put_of_an_item_believed_absent_is_conditional(bare: Bare, items: str) -> None:
    bare.put(f"{items}/k", {"data": {}}, if_match="-1").ok(201)

    assert bare.put(f"{items}/k", {"data": {}}, if_match="-1").error == (412, 54205)


def test_put_on_an_absent_key_with_a_revision_is_never_not_found(bare: Bare, items: str) -> None:
    assert bare.put(f"{items}/k", {"data": {}}, if_match="0").error == (412, 54205)


def test_put_on_an_old_revision_changes_nothing(bare: Bare, items: str) -> None:
    bare.put(f"{items}/k", {"data": {"n": 0}}).ok(201)
    bare.put(f"{items}/k", {"data": {"n": 1}}, if_match="0").ok(200)

    assert bare.put(f"{items}/k", {"data": {"n": 2}}, if_match="0").error == (412, 54205)
    assert bare.get(f"{items}/k").ok()["data"] == {"n": 1}


def test_adding_an_existing_key_is_a_conflict(bare: Bare, items: str) -> None:
    bare.post(items, {"key": "k", "data": {}}).ok(201)

    assert bare.post(items, {"key": "k", "data": {}}).error == (409, 54208)


def test_absent_item_is_not_found(bare: Bare, items: str, alice: SdkObject, name: str) -> None:
    for reply in (bare.post(f"{items}/k", {"data": {}}), bare.get(f"{items}/k"), bare.delete(f"{items}/k")):
        assert reply.error == (404, 54201)
        assert reply.body["message"].startswith("Item not found: ")
    with pytest.raises(SdkError) as refused:
        alice.map(name).get("k")
    assert (refused.value.status, refused.value.code) == (404, 54201)


def test_absent_key_gives_an_empty_page(bare: Bare, items: str) -> None:
    page = bare.get(f"{items}?HideExpired=true&Key=k").ok()

    assert page["items"] == []
    assert page["meta"]["key"] == "items"


@pytest.mark.parametrize("key", ["a/b", "é", "a%2Fb", "a b", "+&=?#", "..", "ключ"])
def test_key_with_special_characters_is_found_again(bare: Bare, items: str, key: str) -> None:
    encoded = quote(key, safe="")
    bare.put(f"{items}/{encoded}", {"data": {"k": key}}).ok(201)

    [found] = bare.get(f"{items}?Key={encoded}").ok()["items"]

    assert (found["key"], found["data"]) == (key, {"k": key})
    assert bare.get(found["url"]).ok() == found


def test_unusable_key_is_refused(bare: Bare, items: str) -> None:
    bare.put(f"{items}/{'k' * 320}", {"data": {}}).ok(201)

    assert bare.put(f"{items}/{'k' * 321}", {"data": {}}).error == (400, 54209)
    assert bare.post(items, {"key": "", "data": {}}).error == (400, 54209)
    assert bare.get(f"{items}?Key=").error == (400, 54209)


def test_keys_are_ordered_by_code_point(bare: Bare, items: str) -> None:
    keys = ["10", "2", "A", "a", "é", "\uff5e", "😀"]
    for key in reversed(keys):
        bare.put(f"{items}/{quote(key, safe='')}", {"data": {}}).ok(201)

    def listed(query: str) -> list[str]:
        return [item["key"] for item in bare.get(items + query).ok()["items"]]

    assert listed("") == keys
    assert listed("?Order=desc") == keys[::-1]
    assert listed("?From=a") == keys[3:]
    assert listed("?From=a&Bounds=exclusive") == keys[4:]
    assert listed("?From=B&Order=desc") == ["A", "2", "10"]


def test_items_are_embedded_where_asked_for(bare: Bare) -> None:
    made = bare.post("/v3/Maps", {}).ok(201)
    bare.put(f"{made['links']['items']}/k", {"data": {"n": 1}}).ok(201)

    assert (
        bare.get(made["url"] + "?Include=items").ok()["items"]
        == bare.get(made["links"]["items"]).ok()["items"]
    )
    assert "items" not in bare.get(made["url"]).ok()


def test_map_opened_with_its_items_needs_no_further_request(
    alice: SdkObject, bob: SdkObject, name: str
) -> None:
    alice.map(name).set("k", {"n": 1})

    opened = bob.map({"id": name, "includeItems": True})

    assert opened.get("k")["data"] == {"n": 1}


def test_key_added_again_after_removal_is_a_new_item(bare: Bare, items: str) -> None:
    first = bare.put(f"{items}/k", {"data": {}}).ok(201)
    bare.delete(f"{items}/k").ok()

    second = bare.put(f"{items}/k", {"data": {}}).ok(201)

    assert second["last_event_id"] == 2
    assert second["date_created"] > first["date_created"]


def test_mutates_of_a_key_absent_to_all_converge(connect: Connect, bare: Bare, name: str) -> None:
    """One add wins, the others read again and retry."""
    maps = [connect(f"user {n}").map(name) for n in range(5)]

    for outcome in [each.mutate.start("k", Js("v => ({ n: (v.n ?? 0) + 1 })")) for each in maps]:
        outcome.result()

    assert bare.get(f"/v3/Maps/{name}/Items/k").ok()["data"] == {"n": 5}


def test_sdk_lists_every_item_over_pages(alice: SdkObject, bare: Bare, items: str) -> None:
    for n in range(25):
        bare.put(f"{items}/k{n:02}", {"data": {}}).ok(201)
    page = alice.map(items.split("/")[-2]).getItems({"pageSize": 10})

    keys = [item["key"] for item in page.properties["items"]]
    while page.properties["hasNextPage"]:
        page = page.nextPage()
        keys += [item["key"] for item in page.properties["items"]]

    assert keys == [f"k{n:02}" for n in range(25)]
