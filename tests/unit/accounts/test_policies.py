"""What a restricted key may do."""

import msgspec
import pytest

from tsock.accounts import policies

READ = "/twilio/sync/documents/read"


def policy_of(*allow: object) -> str:
    return msgspec.json.encode({"allow": allow}).decode()


def test_policy_allows_exactly_what_it_lists() -> None:
    text = policy_of(READ, "/twilio/sync/lists")
    assert policies.allows(text, READ)
    for permission in (
        "/twilio/sync/documents/create",
        "/twilio/sync/documents",
        "/twilio/sync/lists/read",
        f"{READ}/x",
        READ.upper(),
        "",
    ):
        assert not policies.allows(text, permission), permission


def test_policy_may_list_what_no_route_asks_for() -> None:
    allow = ("/twilio/messaging/messages/read",)
    assert policies.parse(policy_of(*allow)) == policies.Policy(allow)
    assert policies.parse(policy_of()) == policies.Policy(())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "null",
        "[]",
        "{}",
        '{"allow": null}',
        '{"allow": "/twilio/sync"}',
        '{"allow": {"/a": 1}}',
        policy_of(1),
        policy_of([READ]),
        '{"allow": [], "deny": []}',
        '{"Allow": []}',
        "[" * 100_000,
        '{"allow": ["/\ud800"]}',
    ],
)
def test_other_text_is_no_policy_and_allows_nothing(text: str) -> None:
    assert policies.parse(text) is None
    assert not policies.allows(text, READ)


@pytest.mark.parametrize(
    "entry",
    [
        READ,
        "/twilio/mcs/media/create",
        "/twilio/messaging/messages/create",
        "/twilio/messaging/*",
        "/twilio/video/rooms/read",
        "/twilio/verify/Services/Read",
        "/twilio/taskrouter",
    ],
)
def test_policy_may_list_what_is_served_and_what_another_product_has(entry: str) -> None:
    assert policies.flaw(policy_of(READ, entry)) is None


@pytest.mark.parametrize(
    ("entry", "nearest"),
    [
        ("/twilio/sync/document/read", READ),
        ("/twilio/sync/documents/reed", READ),
        ("/twilio/sync/documents/read/", READ),
        ("/twilio/sync/documents/read ", READ),
        ("/twilio/Sync/Documents/Read", READ),
        ("/TWILIO/SYNC/DOCUMENTS/READ", READ),
        ("/twilio/syncs/documents/read", READ),
        ("/twilio/ sync/documents/read", READ),
        ("/twillio/sync/documents/read", READ),
        ("twilio/sync/documents/read", READ),
        ("/sync/documents/read", READ),
        ("documents/read", READ),
        ("/twilio/sync/documents/*", "/twilio/sync/documents/"),
        ("/twilio/sync/documents", "/twilio/sync/documents/"),
        ("/twilio/conversation/messages/create", "/twilio/conversations/messages/create"),
        ("/twilio/chat/channel/list", "/twilio/chat/channels/list"),
        ("/twilio/monitors/alerts/list", "/twilio/monitor/alerts/list"),
        ("/twilio/iam/key/create", "/twilio/iam/keys/create"),
        ("/twilio/sync/*", "/twilio/"),
        ("/twilio/*", "/twilio/"),
        ("/twilio/", "/twilio/"),
        ("/twilio", "/twilio/"),
        ("/twilio//documents/read", "/twilio/"),
        ("/*", "/twilio/"),
        ("*", "/twilio/"),
        ("", "/twilio/"),
        ("/a", "/twilio/"),
    ],
)
def test_entry_that_names_nothing_is_told_with_the_nearest_that_does(entry: str, nearest: str) -> None:
    flaw = policies.flaw(policy_of(READ, entry, "nor this"))
    assert flaw is not None
    assert repr(entry) in flaw
    assert f"the nearest is {nearest}" in flaw


def test_policy_has_at_most_100_permissions_of_at_most_200_characters() -> None:
    longest = "/" + "x" * 199
    assert policies.parse(policy_of(*[longest] * 100)) is not None
    assert policies.parse(policy_of(*[longest] * 101)) is None
    assert policies.parse(policy_of(longest + "x")) is None
