"""Who is turned away, with which code, and what is kept on record of it."""

import asyncio
import hashlib
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.support.rig import Client, Rig
from tests.support.transport import Packet, frame
from tsock import dictionary
from tsock.accounts.accounts import create_account, create_subaccount
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import SigningKey, create_key
from tsock.wire import frame as packet_frame

BACKOFF = {"backoff_policy": {"reconnect_min_ms": 4000, "reconnect_max_ms": 6000}}


def refusal(reply: Packet) -> tuple[int, str, int]:
    """Status, its word and its code; nothing but a 429 tells when to come back."""
    status = reply.header["status"]
    assert reply.payload == (BACKOFF if status["code"] == 429 else b"")
    return status["code"], status["status"], status["errorCode"]


def limited(code: int) -> tuple[int, str, int]:
    return 429, "TOO_MANY_REQUESTS", code


def let_in(rig: Rig, identity: str = "alice", **options: Any) -> Client:
    return rig.connect(identity, **options)


async def another_account(rig: Rig, *, sub: bool = False) -> SigningKey:
    if sub:
        account = await rig.do(create_subaccount, rig.vault, rig.settings, rig.made.account_sid)
    else:
        account = await rig.do(create_account, rig.vault)
    key, secret = await rig.do(create_key, rig.vault, rig.settings, account.sid)
    return SigningKey(account.sid, key.sid, secret)


# Limits.


@pytest.mark.settings(connects_per_node_per_s=2)
async def test_connects_beyond_the_nodes_rate_are_51202_and_welcome_again_later(rig: Rig) -> None:
    let_in(rig, "a")
    let_in(rig, "b")
    assert refusal(rig.open().init(rig.token("c"))) == limited(51202)
    rig.pass_s(0.5)
    let_in(rig, "c")
    assert refusal(rig.open().init(rig.token("d"))) == limited(51202)


@pytest.mark.settings(connections_per_node_max=2)
async def test_connection_beyond_the_nodes_number_is_51124_until_another_leaves(rig: Rig) -> None:
    first = let_in(rig, "a")
    let_in(rig, "b")
    refused = rig.open()
    assert refusal(refused.init(rig.token("c"))) == limited(51124)
    refused.lose()
    first.lose()
    let_in(rig, "c")


@pytest.mark.settings(connects_per_account_per_s=1)
async def test_connects_beyond_the_accounts_rate_are_51201_and_leave_others_alone(rig: Rig) -> None:
    other = await another_account(rig)
    let_in(rig)
    assert refusal(rig.open().init(rig.token())) == limited(51201)
    let_in(rig, key=other)
    rig.pass_s(1)
    let_in(rig)


@pytest.mark.settings(connections_per_account_max=2)
async def test_connection_beyond_the_accounts_number_is_51124_until_another_leaves(rig: Rig) -> None:
    other = await another_account(rig, sub=True)
    first = let_in(rig, "a")
    let_in(rig, "b")
    assert refusal(rig.open().init(rig.token("c"))) == limited(51124)
    let_in(rig, key=other)
    first.lose()
    let_in(rig, "c")


@pytest.mark.settings(connections_per_account_max=5)
async def test_nodes_divide_the_connections_of_an_account_as_they_come_and_go(rig: Rig) -> None:
    rig.metrics.nodes = 2
    for identity in "abc":
        let_in(rig, identity)
    assert refusal(rig.open().init(rig.token("d"))) == limited(51124)
    (denial,) = await rig.denials()
    assert denial.summary == "connections_per_account_max is 5, divided among 2 nodes."
    rig.metrics.nodes = 1
    for identity in "de":
        let_in(rig, identity)
    assert refusal(rig.open().init(rig.token("f"))) == limited(51124)


@pytest.mark.settings(connections_per_account_max=1, connects_per_account_per_s=5)
async def test_each_of_more_nodes_than_an_account_may_have_connections_takes_one(rig: Rig) -> None:
    rig.metrics.nodes = 9
    first = let_in(rig)
    first.lose()
    assert refusal(rig.open().init(rig.token())) == limited(51201)
    rig.pass_s(9 / 5)
    let_in(rig)


@pytest.mark.settings(connections_per_identity_max=1)
async def test_connection_beyond_the_identitys_number_is_51001_until_another_leaves(rig: Rig) -> None:
    first = let_in(rig, "a")
    assert refusal(rig.open().init(rig.token("a"))) == limited(51001)
    let_in(rig, "b")
    first.update(rig.token("a"))  # counts once, whatever token it stands on
    first.lose()
    let_in(rig, "a")


@pytest.mark.settings(failures_per_address_per_s=1, failures_per_address_burst=2)
async def test_failures_beyond_the_addresss_rate_are_51202_for_bad_tokens_alone(rig: Rig) -> None:
    for _ in range(2):
        assert refusal(rig.open("192.0.2.1").init("bad")) == (401, "UNAUTHORIZED", 20101)
    assert refusal(rig.open("192.0.2.1").init("bad")) == limited(51202)
    assert refusal(rig.open("192.0.2.2").init("bad")) == (401, "UNAUTHORIZED", 20101)
    assert rig.open("192.0.2.1").init(rig.token()).header["status"]["code"] == 200
    rig.pass_s(1)
    assert refusal(rig.open("192.0.2.1").init("bad")) == (401, "UNAUTHORIZED", 20101)


@pytest.mark.settings(failures_per_address_per_s=1, failures_per_address_burst=2)
async def test_addresses_of_one_ipv6_network_fail_as_one_and_share_the_record_of_it(rig: Rig) -> None:
    codes = [refusal(rig.open(f"2001:db8:0:7::{number}").init("bad"))[2] for number in range(6)]
    assert codes == [20101, 20101, 51202, 51202, 51202, 51202]
    assert refusal(rig.open("2001:db8:0:8::1").init("bad"))[2] == 20101
    found = {denial.address: denial.code for denial in await rig.denials()}
    assert found == {
        "2001:db8:0:7::0": 20101,
        "2001:db8:0:7::1": 20101,
        "2001:db8:0:7::2": 51202,
        "2001:db8:0:8::1": 20101,
    }


@pytest.mark.settings(updates_per_connection_per_min=2)
async def test_updates_beyond_their_rate_are_51125_and_the_connection_stays(rig: Rig) -> None:
    client, other = let_in(rig), let_in(rig)
    for _ in range(2):
        assert client.update(rig.token()).header["status"]["code"] == 200
    assert refusal(client.update(rig.token())) == limited(51125)
    assert other.update(rig.token()).header["status"]["code"] == 200
    assert (await client.request("GET", "/v3/Documents/x")).status == 404
    rig.pass_s(30)
    client.take()
    assert client.update(rig.token()).header["status"]["code"] == 200


@pytest.mark.settings(backoff_ms_min=10, backoff_ms_max=20, connections_per_identity_max=1)
async def test_moment_to_come_back_is_a_setting(rig: Rig) -> None:
    let_in(rig)
    assert rig.open().init(rig.token()).payload == {
        "backoff_policy": {"reconnect_min_ms": 10, "reconnect_max_ms": 20}
    }


# Refused tokens.


@pytest.mark.parametrize("token", [None, "", 7, {"token": "x"}, "[object Object]"])
async def test_anything_that_is_no_token_is_401_20101(rig: Rig, token: Any) -> None:
    assert refusal(rig.open().init(token)) == (401, "UNAUTHORIZED", 20101)


async def test_init_without_a_token_is_401_20101(rig: Rig) -> None:
    client = rig.open()
    assert refusal(client.reply_to(client.send("init"))) == (401, "UNAUTHORIZED", 20101)


@pytest.mark.parametrize("pieces", [1, 5])
async def test_init_too_large_to_be_kept_is_401_20101_with_its_size_on_record(rig: Rig, pieces: int) -> None:
    """An error page pasted as a token: whoever meets a `close` 406 never learns why."""
    client = rig.open()
    header = msgspec.json.encode({"id": "TMbig", "method": "init", "token": "<p>" * 40_000})
    packet = packet_frame.encode(header)
    data = frame(packet)
    step = -(-len(data) // pieces)
    for start in range(0, len(data), step):
        client.socket.data_received(data[start : start + step])
    assert refusal(client.reply_to("TMbig")) == (401, "UNAUTHORIZED", 20101)
    (denial,) = await rig.denials()
    assert (denial.code, denial.cause, denial.digest) == (20101, "too_large", None)
    assert denial.summary == f"The token is too large: an init of {len(packet)} bytes."
    assert denial.report is not None
    assert [(one.id, one.verdict) for one in denial.report.checks] == [("too_large", "fail")]
    rig.pass_s(rig.settings.close_timeout_s)
    assert client.transport.closing


@pytest.mark.settings(failures_per_address_per_s=1, failures_per_address_burst=1)
async def test_large_inits_count_as_failures_of_their_address(rig: Rig) -> None:
    assert refusal(rig.open().init("x" * 30_000)) == (401, "UNAUTHORIZED", 20101)
    assert refusal(rig.open().init("x" * 30_000)) == limited(51202)


async def test_accepted_client_may_send_what_is_too_large_for_an_init(rig: Rig) -> None:
    client = rig.connect()
    assert refusal(client.init("x" * 30_000)) == (401, "UNAUTHORIZED", 20101)
    (denial,) = await rig.denials()
    assert denial.digest is not None


async def test_token_without_the_product_that_the_client_registers_for_is_refused(rig: Rig) -> None:
    registrations = [{"product": CHAT}, {"product": "notifications"}]
    reply = rig.open().init(rig.token(products={SYNC: "default"}), registrations=registrations)
    assert refusal(reply) == (401, "UNAUTHORIZED", 51103)
    reply = rig.open().init(rig.token(), registrations=[{"product": "notifications"}])
    assert reply.header["status"]["code"] == 200


async def test_client_is_told_the_title_and_the_record_and_no_more(rig: Rig) -> None:
    forged = rig.token(key=SigningKey(rig.made.account_sid, rig.made.key_sid, "x" * 32))
    status = rig.open().init(forged).header["status"]
    (denial,) = await rig.denials()
    assert status["description"] == f"{dictionary.title(20107)} ({denial.sid})"


@pytest.fixture
async def explaining(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Rig(tmp_path_factory.mktemp("explaining"), explain=True)
    await made.start()
    yield made
    await made.stop()


async def test_development_tells_the_whole_reason(explaining: Rig) -> None:
    old = explaining.token(ttl_s=60)
    explaining.advance_s(120)
    status = explaining.open().init(old).header["status"]
    (denial,) = await explaining.denials()
    assert denial.report is not None
    title = dictionary.title(20104)
    assert status["description"] == f"{title}: {denial.report.summary} {denial.report.fix} ({denial.sid})"
    assert "1 min" in status["description"]


# The record.


async def test_refused_token_is_on_record_with_who_and_why(rig: Rig) -> None:
    old = rig.token("alice", ttl_s=60)
    rig.advance_s(61)
    client = rig.open("198.51.100.9")
    client.init(old, metadata={"sdk": "JS", "type": "sync", "sdkv": "4.0.1", "env": "Chrome", "os": "Linux"})
    (denial,) = await rig.denials()
    assert denial.sid.startswith("DN")
    assert denial.at_ms == rig.clock.now_ms()
    assert (denial.code, denial.cause) == (20104, "expired")
    assert (denial.address, denial.sdk) == ("198.51.100.9", "JS sync 4.0.1 Chrome Linux")
    assert (denial.account_sid, denial.identity) == (rig.made.account_sid, "alice")
    assert denial.report is not None
    assert denial.report.code == 20104
    assert denial.summary == denial.report.summary
    assert rig.metrics.denials == {20104: 1}


async def test_refused_token_is_named_in_record_and_log_by_its_digest_alone(rig: Rig) -> None:
    old, other = rig.token("alice", ttl_s=60), rig.token("bob")
    client = let_in(rig, "alice")
    with capture_logs() as lines:
        client.update(other)
        rig.advance_s(61)
        rig.open().init(old)
        rig.open().init("no token")
    denials = await rig.denials()
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (other, old, "no token")]
    assert [denial.digest for denial in denials] == digests
    told = [line for line in lines if line["event"] == "client.denied"]
    account, key = rig.made.account_sid, rig.made.key_sid
    named = [(digest, key, account) for digest in digests[:2]] + [(digests[2], None, None)]
    assert [(line["digest"], line["iss"], line["sub"]) for line in told] == named
    assert old not in repr(lines) + repr(denials)


@pytest.mark.settings(connections_per_identity_max=1)
async def test_limit_that_was_met_is_on_record_by_its_name(rig: Rig) -> None:
    let_in(rig)
    rig.open().init(rig.token())
    (denial,) = await rig.denials()
    assert (denial.code, denial.cause) == (51001, "connections_per_identity_max")
    assert denial.summary == "connections_per_identity_max is 1."
    assert (denial.account_sid, denial.identity) == (rig.made.account_sid, "alice")
    assert denial.report is None


async def test_update_for_another_client_is_on_record(rig: Rig) -> None:
    let_in(rig, "alice").update(rig.token("bob"))
    (denial,) = await rig.denials()
    assert (denial.code, denial.cause, denial.identity) == (51215, "other_identity", "bob")
    assert denial.summary == "The new token is for another identity than the connection."


async def test_records_and_logs_hold_no_token_and_no_secret(rig: Rig) -> None:
    """Whatever was wrong with the token, and in whichever field it was sent."""
    secret, wrong_secret = rig.made.key_secret, "f0" * 16
    good = rig.token()
    bad = [
        rig.token(key=SigningKey(rig.made.account_sid, rig.made.key_sid, wrong_secret)),
        rig.token(key=SigningKey(rig.made.account_sid, "SK" + "0" * 32, secret)),
        rig.token(key=SigningKey(secret, rig.made.key_sid, secret)),
        rig.token(ttl_s=-10),
        f"Bearer {good}",
        f'{{"token":"{good}"}}',
        good[:-4],
        secret,
        rig.made.auth_token,
    ]
    with capture_logs() as logs:
        for token in bad:
            status = rig.open().init(token, metadata={"sdk": "JS"}).header["status"]
            assert status["code"] == 401
        kept = await rig.denials()
    written = msgspec.json.encode(kept).decode() + repr(logs)
    assert len(kept) == len(bad)
    assert [line["event"] for line in logs] == ["client.denied", "connection.ended"] * len(bad)
    parts = {part for token in [good, *bad] for part in token.split(".")[1:] if len(part) > 20}
    for hidden in {secret, wrong_secret, rig.made.auth_token, good, *bad, *parts}:
        assert hidden not in written


@pytest.mark.settings(store_waiting_max=1)
async def test_client_is_told_even_when_the_record_cannot_be_kept(rig: Rig) -> None:
    with capture_logs() as logs:
        replies = [rig.open().init("bad") for _ in range(2)]
    assert [refusal(reply)[2] for reply in replies] == [20101, 20101]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["debugger.not_recorded"]
    await asyncio.sleep(0)
    assert len(await rig.denials()) == 1


async def test_what_a_client_says_of_itself_is_cut_and_may_be_anything(rig: Rig) -> None:
    metadata = {"sdk": "x" * 100, "type": ["list"], "sdkv": None, "env": 7, "os": ""}
    rig.open().init("bad", metadata=metadata)
    (denial,) = await rig.denials()
    assert denial.sdk == f"{'x' * 32} ['list'] 7"
