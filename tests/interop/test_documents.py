"""Documents (`protocol/sync.md`, Objects and Requests)."""

import pytest

from tests.interop.bare import Bare
from tests.interop.conftest import Connect
from tests.interop.sdk import Js, SdkError, SdkObject

SID_LIKE = "ET" + "0" * 31 + "f"


def test_document_set_by_one_client_reaches_the_other(alice: SdkObject, bob: SdkObject, name: str) -> None:
    mine = alice.document(name)
    seen = bob.document(name).subscribed()

    mine.set({"home": 2})

    assert seen.next("updated") == {"data": {"home": 2}, "previousData": {}, "isLocal": False}
    assert seen.now()["data"] == {"home": 2}
    assert mine.next("updated") == {"data": {"home": 2}, "previousData": {}, "isLocal": True}


def test_new_document_starts_its_counter_at_zero(bare: Bare) -> None:
    made = bare.post("/v3/Documents", {"data": {"x": 1}}).ok(201)

    assert made["unique_name"] is None
    assert (made["revision"], made["last_event_id"]) == ("0", 0)
    assert made["created_by"] == "carol"
    assert made["date_expires"] is None
    assert made.get("data") is None
    assert bare.get(made["url"]).ok()["data"] == {"x": 1}


@pytest.mark.parametrize("name", [SID_LIKE, "", "n" * 321])
def test_unusable_unique_name_is_refused(bare: Bare, name: str) -> None:
    assert bare.post("/v3/Documents", {"unique_name": name, "data": {}}).error == (400, 54302)


def test_taken_unique_name_is_a_conflict(bare: Bare, name: str) -> None:
    bare.post("/v3/Documents", {"unique_name": name, "data": {}}).ok(201)

    assert bare.post("/v3/Documents", {"unique_name": name, "data": {}}).error == (409, 54301)


def test_name_is_free_again_after_removal(alice: SdkObject, name: str) -> None:
    first = alice.document(name)
    first.set({"x": 1})
    first.removeDocument()

    second = alice.document(name)

    assert second.sid != first.sid
    assert second.properties["data"] == {}
    assert second.properties["lastEventId"] == 0


def test_name_of_a_document_may_be_that_of_a_map(alice: SdkObject, name: str) -> None:
    assert alice.document(name).sid != alice.map(name).sid


def test_clients_creating_one_name_at_once_get_one_document(connect: Connect, name: str) -> None:
    opening = [connect(f"user {n}").document.start(name) for n in range(5)]

    assert len({document.result().sid for document in opening}) == 1


@pytest.mark.parametrize(
    ("kind", "prefix", "code"),
    [("Documents", "ET", 54100), ("Lists", "ES", 54150), ("Maps", "MP", 54200), ("Streams", "TO", 54250)],
)
def test_absent_object_has_the_code_of_its_kind(bare: Bare, kind: str, prefix: str, code: int) -> None:
    assert bare.get(f"/v3/{kind}/{prefix}{'0' * 31}f").error == (404, code)
    assert bare.get(f"/v3/{kind}/{prefix}111").error == (404, 54300)


def test_name_and_sid_give_equal_descriptors(bare: Bare, name: str) -> None:
    made = bare.post("/v3/Documents", {"unique_name": name, "data": {"x": 1}}).ok(201)

    by_name = bare.get(f"/v3/Documents/{name}").ok()

    assert by_name == bare.get(f"/v3/Documents/{made['sid']}").ok()
    assert by_name["unique_name"] == name


def test_opening_an_absent_document_fails_where_it_must_exist(alice: SdkObject, name: str) -> None:
    with pytest.raises(SdkError) as refused:
        alice.document({"id": name, "mode": "open_existing"})

    assert (refused.value.status, refused.value.code) == (404, 54300)


def test_creating_a_taken_name_fails_where_it_must_be_new(
    alice: SdkObject, bob: SdkObject, name: str
) -> None:
    alice.document(name)

    with pytest.raises(SdkError) as refused:
        bob.document({"id": name, "mode": "create_new"})

    assert (refused.value.status, refused.value.code) == (409, 54301)


def test_each_write_advances_revision_and_event_id_by_one(bare: Bare) -> None:
    """Also for equal data."""
    url = bare.post("/v3/Documents", {"data": {}}).ok(201)["url"]

    written = [bare.post(url, {"data": {"x": 1}}).ok() for _ in range(17)]

    assert [each["last_event_id"] for each in written] == list(range(1, 18))
    assert [each["revision"] for each in written] == [f"{n:x}" for n in range(1, 18)]
    dates = [each["date_updated"] for each in written]
    assert dates == sorted(set(dates))


def test_write_on_an_old_revision_changes_nothing(bare: Bare) -> None:
    url = bare.post("/v3/Documents", {"data": {"n": 0}}).ok(201)["url"]
    bare.post(url, {"data": {"n": 1}}, if_match="0").ok()

    assert bare.post(url, {"data": {"n": 2}}, if_match="0").error == (412, 54103)
    assert bare.get(url).ok()["data"] == {"n": 1}
    assert bare.post(url, {"data": {"n": 3}}, if_match='"1"').ok()["revision"] == "2"
    assert bare.post(url, {"data": {"n": 4}}, if_match="no revision").error == (400, 54003)


def test_write_without_data_or_ttl_is_refused(bare: Bare) -> None:
    url = bare.post("/v3/Documents", {"data": {}}).ok(201)["url"]

    assert bare.post(url, {}).error == (400, 54010)


def test_mutate_on_a_stale_copy_converges(alice: SdkObject, bob: SdkObject, name: str) -> None:
    """Both clients hold revision 0 when they start."""
    increment = Js("value => ({ n: (value.n ?? 0) + 1 })")
    mine, theirs = alice.document(name), bob.document(name)

    for outcome in [document.mutate.start(increment) for document in (mine, theirs)]:
        outcome.result()

    assert bob.document({"id": name, "mode": "open_existing"}).sid == mine.sid
    assert max(mine.now()["data"]["n"], theirs.now()["data"]["n"]) == 2


def test_parallel_mutates_lose_no_increment(connect: Connect, bare: Bare, name: str) -> None:
    """Ten clients, a hundred increments each."""
    increment = Js(
        """async function () {
            for (let i = 0; i < 100; i += 1) await this.mutate(value => ({ n: (value.n ?? 0) + 1 }));
        }"""
    )
    documents = [connect(f"user {n}").document(name) for n in range(10)]

    for running in [document.run(increment) for document in documents]:
        running.result(60)

    assert bare.get(f"/v3/Documents/{name}").ok()["data"] == {"n": 1000}


def test_writes_sent_without_waiting_end_at_the_last(bare: Bare) -> None:
    url = bare.post("/v3/Documents", {"data": {}}).ok(201)["url"]

    sent = [bare.start("post", url, {}, {"data": {"n": n}}) for n in range(1, 101)]
    ids = [bare.reply(outcome).ok()["last_event_id"] for outcome in sent]

    assert ids == list(range(1, 101))
    assert bare.get(url).ok()["data"] == {"n": 100}


def test_sets_of_the_sdk_without_waiting_end_at_the_last(alice: SdkObject, bob: SdkObject, name: str) -> None:
    mine, theirs = alice.document(name), bob.document(name)

    for outcome in [mine.set.start({"n": n}) for n in range(1, 101)]:
        outcome.result()

    while theirs.next("updated")["data"] != {"n": 100}:
        pass
    assert mine.now()["data"] == {"n": 100}


def test_removed_document_is_gone_once(bare: Bare) -> None:
    url = bare.post("/v3/Documents", {"data": {}}).ok(201)["url"]

    assert bare.delete(url).status in (200, 204)
    assert bare.delete(url).error == (404, 54100)
    assert bare.get(url).error == (404, 54100)


def test_write_is_visible_to_a_read_that_starts_after_its_reply(connect: Connect, name: str) -> None:
    writer, reader = connect.bare("writer"), connect.bare("reader")
    url = writer.post("/v3/Documents", {"unique_name": name, "data": {}}).ok(201)["url"]

    for n in range(50):
        writer.post(url, {"data": {"n": n}}).ok()
        assert reader.get(url).ok()["data"] == {"n": n}
