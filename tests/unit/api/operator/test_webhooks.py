"""Webhooks that wait or were given up, at the operator's door."""

from typing import Any

import pytest

from tests.support.operators_door import OperatorsDoor
from tsock.errors import ApiError
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Due, Post
from tsock.webhooks.targets import StoredUrl


def put(
    door: OperatorsDoor, *names: str, url: str = "https://hooks.example/", dead: bool = True
) -> list[str]:
    """Put webhooks, given up unless they shall wait; their SIDs."""
    world, sids = door.world, []
    for name in names:
        told = {"EventType": name, "Data": "private"}
        post = Post(door.sid, world.sync_sid, "sync", name, name, StoredUrl(url), told)
        world(outbox.put, post)
        sids.append(world.facts[0].sid)
        if dead:
            world(outbox.give_up, world(outbox.find, sids[-1]), 11217, "the target answered 404")
    return sids


def names(listed: dict[str, Any]) -> list[str]:
    return [each["event_type"] for each in listed["webhooks"]]


def test_dead_and_waiting_ones_are_listed_without_what_they_say(door: OperatorsDoor) -> None:
    put(door, "one")
    put(door, "two", dead=False)

    dead, waiting = door("GET", "/webhooks"), door("GET", "/webhooks?state=waiting")

    assert (names(dead), names(waiting)) == (["one"], ["two"])
    (one,) = dead["webhooks"]
    assert (one["state"], one["attempts"], one["date_next"]) == ("dead", 1, None)
    assert (one["failure_code"], one["failure"]) == (11217, "the target answered 404")
    assert waiting["webhooks"][0]["date_next"] is not None
    assert "private" not in str((dead, waiting))


def test_list_is_of_an_account_or_a_service_and_goes_on_behind_its_last(
    door: OperatorsDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsock.api.operator.webhooks.PAGE_ROWS", 2)
    monkeypatch.setattr("tsock.api.operator.body.PAGE_ROWS", 2)
    put(door, *"abc")

    first = door("GET", f"/webhooks?account={door.sid}&service={door.world.sync_sid}")
    second = door("GET", f"/webhooks?after={first['next']}")

    assert (names(first), names(second), second["next"]) == (["a", "b"], ["c"], None)
    assert names(door("GET", "/webhooks?account=ACother")) == []
    assert names(door("GET", "/webhooks?service=ISother")) == []


@pytest.mark.parametrize("url", ["https://user:secret@hooks.example/x?key=1", "nonsense//user:secret@x"])
def test_shown_webhook_says_everything_but_the_credentials_of_its_url(door: OperatorsDoor, url: str) -> None:
    (sid,) = put(door, "one", url=url)

    shown = door("GET", f"/webhooks/{sid}")

    assert shown["parameters"] == {"EventType": "one", "Data": "private"}
    assert "secret" not in str(shown)


def test_resent_webhook_is_due_and_one_that_waits_cannot_be(door: OperatorsDoor) -> None:
    (sid,) = put(door, "one")

    again = door("POST", f"/webhooks/{sid}/resend")

    assert (again["state"], again["attempts"]) == ("waiting", 0)
    assert Due("hooks.example:443") in door.world.facts
    with pytest.raises(ApiError, match="was not given up") as refused:
        door("POST", f"/webhooks/{sid}/resend")
    assert (refused.value.status, refused.value.code) == (409, 20409)


def test_all_are_resent_once_even_if_they_fail_again_at_once(
    door: OperatorsDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsock.api.operator.webhooks.RESENT_PER_WRITE", 2)
    sids = put(door, *"abcde")
    resent, after = [], 0
    while after is not None:
        told = door("POST", f"/webhooks/resend?account={door.sid}&after={after}")
        resent.append(told["resent"])
        after = told["next"]
        for sid in sids:
            door.world(outbox.give_up, door.world(outbox.find, sid), 11217, "the target answered 404")

    assert resent == [2, 2, 1]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/webhooks?state=sent", 400),
        ("GET", "/webhooks?after=WD1", 400),
        ("GET", "/webhooks?after=-1", 400),
        ("GET", "/webhooks?after=" + "9" * 19, 400),
        ("POST", "/webhooks/resend?after=x", 400),
        ("GET", "/webhooks/WDnone", 404),
        ("POST", "/webhooks/WDnone/resend", 404),
    ],
)
def test_question_that_has_no_answer_is_refused(
    door: OperatorsDoor, method: str, path: str, status: int
) -> None:
    with pytest.raises(ApiError) as refused:
        door(method, path)

    assert refused.value.status == status
