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
        policy_of("twilio/sync/documents/read"),
        policy_of(""),
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


def test_policy_has_at_most_100_permissions_of_at_most_200_characters() -> None:
    longest = "/" + "x" * 199
    assert policies.parse(policy_of(*[longest] * 100)) is not None
    assert policies.parse(policy_of(*[longest] * 101)) is None
    assert policies.parse(policy_of(longest + "x")) is None
