import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tsock.accounts.caller import CHAT, SYNC, Caller
from tsock.accounts.secrets import Vault
from tsock.tokens.continuation import Continuation, Continuations

NOW_MS = 1_700_000_000_000
DAY_MS = 86_400_000
CALLER = Caller("AC1", "SK1", "alice", NOW_MS + 5, 1, b"d", {SYNC: "IS1"})
CONTINUATIONS = Continuations(Vault(b"k" * 32), "data", 86_400)


def resume(token: str | None, caller: Caller = CALLER, now_ms: int = NOW_MS) -> Continuation:
    return CONTINUATIONS.resume(token, caller, now_ms, "f" * 32)


def first() -> Continuation:
    return CONTINUATIONS.resume(None, CALLER, NOW_MS, "0" * 32)


@pytest.mark.parametrize("token", [None, "", "null", "undefined"])
def test_first_init_begins_an_endpoint(token: str | None):
    begun = resume(token)
    assert (begun.endpoint_id, begun.first_init_ms) == ("twi1-" + "f" * 32, NOW_MS)
    assert (begun.reissued, begun.reason) == (True, "MISSING")


def test_token_keeps_its_endpoint_and_itself_for_a_day_from_the_first_init():
    begun = first()
    for now_ms in (NOW_MS, NOW_MS + DAY_MS - 1):
        assert resume(begun.token, now_ms=now_ms) == Continuation(
            token=begun.token, endpoint_id="twi1-" + "0" * 32, first_init_ms=NOW_MS, reissued=False
        )
    late = resume(begun.token, now_ms=NOW_MS + DAY_MS)
    assert (late.reason, late.endpoint_id, late.first_init_ms) == (
        "EXPIRED",
        "twi1-" + "f" * 32,
        NOW_MS + DAY_MS,
    )


def test_token_survives_another_key_and_another_expiry_of_the_same_user():
    refreshed = replace(CALLER, key_sid="SK2", expires_ms=7, issued_s=9, digest=b"e", endpoint_id="phone")
    assert not resume(first().token, refreshed).reissued


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"identity": "bob"}, "DIFFERENT_IDENTITY"),
        ({"account_sid": "AC2"}, "DIFFERENT_IDENTITY"),
        ({"products": {SYNC: "IS2"}}, "DIFFERENT_GRANTS"),
        ({"products": {SYNC: "IS1", CHAT: "IS3"}}, "DIFFERENT_GRANTS"),
    ],
)
def test_token_of_another_user_or_other_grants_begins_an_endpoint(change: dict[str, Any], reason: str):
    begun = resume(first().token, replace(CALLER, **change))
    assert (begun.reissued, begun.reason, begun.endpoint_id) == (True, reason, "twi1-" + "f" * 32)
    assert begun.message
    assert not resume(begun.token, replace(CALLER, **change)).reissued


def test_token_of_another_server_is_not_believed():
    other = Continuations(Vault(b"j" * 32), "data", 86_400).resume(None, CALLER, NOW_MS, "0" * 32)
    assert resume(other.token).reason == "WRONG_SIGNATURE"


def test_token_of_the_hosted_service_is_a_format_not_supported():
    content = json.dumps({"format": "rtd-ct-1", "endpointId": "twi1-0", "grants": {}}).encode()
    token = ".".join(base64.urlsafe_b64encode(raw).decode().rstrip("=") for raw in (content, b"\0" * 32))
    assert resume(token).reason == "NOT_SUPPORTED_FORMAT"


@given(
    st.text(max_size=80)
    | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=") + ".AAAA")
    | st.just("[" * 5000)
)
def test_text_that_is_no_token_never_fails_an_init(text: str):
    begun = resume(text)
    assert begun.reissued
    assert begun.reason in ("MISSING", "MALFORMED", "WRONG_SIGNATURE", "NOT_SUPPORTED_FORMAT")


@given(place=st.integers(0, 10_000), character=st.sampled_from("AZaz09-_.={"))
def test_token_with_a_character_changed_is_not_believed(place: int, character: str):
    token = first().token
    place %= len(token)
    if token[place] != character:
        assert resume(token[:place] + character + token[place + 1 :]).reissued
