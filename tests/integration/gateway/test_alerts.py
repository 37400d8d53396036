"""Alerts of what goes wrong on the socket and over HTTP (`protocol/rest.md`, Monitor)."""

import itertools
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from tests.support.rig import Rig
from tests.support.web import OPERATOR, Web
from tsock import dictionary
from tsock.accounts.accounts import create_account, set_debugger_url
from tsock.accounts.caller import SYNC
from tsock.accounts.keys import SigningKey, create_key, delete_key
from tsock.debugger.alerts import NOBODY
from tsock.storage.store import fetched
from tsock.webhooks import outbox

# Denials.


@pytest.mark.parametrize("named", ["sid", "default"])
async def test_denial_and_its_alert_name_the_check_the_key_and_the_service(rig: Rig, named: str) -> None:
    key, secret = await rig.do(create_key, rig.vault, rig.settings, rig.made.account_sid)
    await rig.do(delete_key, rig.made.account_sid, key.sid)
    token = rig.token(
        "alice",
        key=SigningKey(key.account_sid, key.sid, secret),
        products={SYNC: rig.made.sync_service_sid if named == "sid" else named},
    )
    rig.open("198.51.100.9").init(token, metadata={"sdk": "JS"})
    (denial,), (alert,) = await rig.denials(), await rig.alerts()
    assert denial.report is not None
    assert alert.denial_sid == denial.sid
    assert (alert.code, alert.level, alert.account_sid) == (20103, "error", rig.made.account_sid)
    assert (alert.resource_sid, alert.service_sid) == (key.sid, rig.made.sync_service_sid)
    assert alert.text == (
        f"{dictionary.title(20103)}: {denial.summary} {denial.report.fix} "
        f"(cause key_revoked, denial {denial.sid})"
    )
    facts = dict(alert.exchange.variables)
    assert (facts["Identity"], facts["Address"], facts["Sdk"]) == ("alice", "198.51.100.9", "JS")
    assert facts["TokenSha256"] == denial.digest
    assert msgspec.json.decode(facts["Claims"])["iss"] == key.sid


async def test_denial_of_a_token_for_no_account_here_is_nobodys(rig: Rig) -> None:
    rig.open().init("bad")
    stranger = SigningKey("AC" + "9" * 32, rig.made.key_sid, rig.made.key_secret)
    rig.open().init(rig.token(key=stranger))
    assert {alert.account_sid for alert in await rig.alerts()} == {NOBODY}


def unproven(rig: Rig) -> list[str]:
    """Tokens that name the account, for which no secret of it stands."""
    own, other = rig.made, SigningKey("AC" + "9" * 32, "SK" + "9" * 32, "x")
    return [
        rig.token(key=SigningKey(own.account_sid, own.key_sid, "guess")),
        rig.token(key=SigningKey(own.account_sid, other.key_sid, own.key_secret)),
        rig.token().rpartition(".")[0] + ".",
    ]


async def test_token_that_no_key_of_the_account_has_signed_is_marked_and_nobodys(rig: Rig) -> None:
    await rig.do(set_debugger_url, rig.vault, rig.made.account_sid, "https://example.com/alerts")
    foreign = await rig.do(create_account, rig.vault)
    key, secret = await rig.do(create_key, rig.vault, rig.settings, foreign.sid)
    theirs = rig.token(key=SigningKey(rig.made.account_sid, key.sid, secret))
    for token in (*unproven(rig), theirs):
        rig.open().init(token)
    assert [denial.proven for denial in await rig.denials()] == [False] * 4
    for alert in await rig.alerts():
        assert alert.account_sid == NOBODY
        assert "nothing proves whose it is" in alert.text
    assert await fetched(rig.store, lambda tx: outbox.page(tx, "waiting", after=0, limit=10)) == []


async def test_refusal_whose_signature_held_is_the_accounts_and_calls_its_debugger(rig: Rig) -> None:
    await rig.do(set_debugger_url, rig.vault, rig.made.account_sid, "https://example.com/alerts")
    expired = rig.token(ttl_s=-1)
    rig.open().init(expired)
    client = rig.connect()
    client.update(unproven(rig)[0])  # who was let in has shown a secret before
    assert [denial.proven for denial in await rig.denials()] == [True, True]
    assert {alert.account_sid for alert in await rig.alerts()} == {rig.made.account_sid}
    assert len(await fetched(rig.store, lambda tx: outbox.page(tx, "waiting", after=0, limit=10))) == 2


@pytest.mark.settings(unproven_records_max=3, alerts_per_code_per_s=0, failures_per_address_per_s=0)
async def test_what_nothing_proves_is_kept_in_a_ring_of_its_own(rig: Rig) -> None:
    rig.open().init(rig.token(ttl_s=-1))
    for token in unproven(rig) * 3:
        rig.open().init(token)
    assert [denial.proven for denial in await rig.denials()] == [True, False, False, False]
    found = [alert.account_sid for alert in await rig.alerts()]
    assert found == [rig.made.account_sid, NOBODY, NOBODY, NOBODY]


@pytest.mark.settings(connections_per_identity_max=1)
async def test_limit_that_was_met_is_an_alert_of_whoever_met_it(rig: Rig) -> None:
    rig.connect("alice")
    rig.open().init(rig.token("alice"))
    (alert,) = await rig.alerts()
    assert (alert.code, alert.account_sid) == (51001, rig.made.account_sid)
    assert (alert.resource_sid, alert.service_sid) == (rig.made.key_sid, rig.made.sync_service_sid)
    assert "connections_per_identity_max is 1." in alert.text


@pytest.mark.settings(alerts_per_code_burst=2)
async def test_flood_of_bad_tokens_leaves_every_denial_and_few_alerts(rig: Rig) -> None:
    for _ in range(10):
        rig.open().init("bad")
    rig.pass_s(1)
    found = await rig.alerts()
    assert len(await rig.denials()) == 10
    assert len(found) == 2
    assert sum(1 + alert.repeats for alert in found) == 10


# Connections.


@pytest.mark.settings(ping_interval_s=10, ack_timeout_s=5)
async def test_connection_that_does_not_answer_is_an_alert(rig: Rig) -> None:
    rig.connect("alice")
    rig.pass_s(15)
    (alert,) = await rig.alerts()
    assert (alert.code, alert.account_sid, alert.resource_sid) == (
        51005,
        rig.made.account_sid,
        rig.made.key_sid,
    )
    assert alert.text == f"{dictionary.title(51005)}: no packet within ack_timeout_s of a ping"
    assert dict(alert.exchange.variables)["Identity"] == "alice"


async def test_token_that_expires_on_a_connection_is_an_alert(rig: Rig) -> None:
    rig.connect("alice", ttl_s=60)
    rig.advance_s(61)
    (alert,) = await rig.alerts()
    assert (alert.code, alert.text) == (51006, dictionary.title(51006))


async def test_packet_that_breaks_the_protocol_is_an_alert_of_nobody_before_the_token(rig: Rig) -> None:
    rig.open().raw(b"nonsense\r\n\r\n")
    (alert,) = await rig.alerts()
    assert (alert.code, alert.account_sid) == (51214, NOBODY)


async def test_connection_that_ends_as_it_should_is_no_alert(rig: Rig) -> None:
    client = rig.connect("alice")
    client.send("close")
    rig.connect("bob").lose()
    rig.gateway.drain()
    assert await rig.alerts() == []


# Requests.


async def test_rejected_request_over_the_socket_is_an_alert(rig: Rig) -> None:
    client = rig.connect("alice")
    reply = await client.request("POST", "/v3/Maps", {"ttl": -1})
    (alert,) = await rig.alerts()
    assert (alert.code, alert.level) == (reply.body["code"], "warning")
    assert alert.text == reply.body["message"]
    assert (alert.account_sid, alert.exchange.method, alert.exchange.url) == (
        rig.made.account_sid,
        "POST",
        "/v3/Maps",
    )


@pytest.mark.settings(requests_per_connection_per_s=1, requests_per_connection_burst_s=1)
async def test_limit_met_by_requests_is_an_alert(rig: Rig) -> None:
    client = rig.connect("alice")
    await client.request("POST", "/v3/Documents", {})
    reply = await client.request("POST", "/v3/Documents", {})
    assert reply.status == 429
    (alert,) = await rig.alerts()
    assert (alert.code, alert.level) == (51128, "error")


async def test_what_working_programs_meet_is_no_alert(rig: Rig) -> None:
    client = rig.connect("alice")
    assert (await client.request("GET", "/v3/Documents/none")).status == 404
    await client.request("POST", "/v3/Documents", {"unique_name": "a"})
    assert (await client.request("POST", "/v3/Documents", {"unique_name": "a"})).status == 409
    assert await rig.alerts() == []


async def test_rejected_request_over_http_is_an_alert_with_its_request_id(rig: Rig) -> None:
    web = Web(rig)
    page = await web("GET", "/dev/clock?Page=%zz", headers=[("host", "rt.example")])
    assert page.status == 400
    (alert,) = await rig.alerts()
    assert (alert.code, alert.account_sid) == (20422, NOBODY)
    assert alert.exchange.response_headers == {"twilio-request-id": page.headers["twilio-request-id"]}
    assert (await web("GET", "/nothing", server=OPERATOR)).status == 404
    assert len(await rig.alerts()) == 1


# Secrets.


@pytest.mark.settings(alert_level="notice", alerts_per_code_per_s=0)
async def test_no_row_of_the_database_holds_a_secret_that_was_sent(rig: Rig) -> None:
    """Whatever was sent, in whichever place: tokens, credentials, data of documents."""
    private = "private" + "f1" * 16
    secrets = [rig.made.key_secret, rig.made.auth_token, "c0ffee" * 5 + "00", private]
    token = rig.token()
    forged = rig.token(key=SigningKey(rig.made.account_sid, rig.made.key_sid, secrets[2]))
    for secret in (*secrets, token, forged, f"Bearer {token}", f'{{"token":"{token}"}}'):
        if secret != token:
            rig.open().init(secret)
        rig.connect("bob").update(forged)
        client = rig.connect("alice")
        for path, body in itertools.product(
            ("/v3/Documents", f"/v3/Documents/{secret}/Items", f"/{secret}"),
            ({"data": secret}, {"data": {"private": secret}, "ttl": -1}, {"unique_name": 5, "data": secret}),
        ):
            await client.request("POST", path, body)
        await over_http(rig, secret)
    assert len(await rig.alerts()) > 50
    written = str(await rows(rig, "alerts")) + str(await rows(rig, "denials"))
    for hidden in (*secrets[:3], token, forged, *token.split(".")[1:], *forged.split(".")[1:]):
        assert hidden not in written
    assert private not in written.replace(f"/v3/Documents/{private}", "").replace(f"/{private}", "")


async def over_http(rig: Rig, secret: str) -> None:
    """Requests that are refused, with the secret wherever a careless program may put it."""
    web, form = Web(rig), {"Data": secret, "AuthToken": secret, "Page": "x"}
    await web("POST", f"/dev/clock?{urlencode(form)}", form=form, headers=[("cookie", secret)])
    await web("GET", f"/dev/clock?a=%&{urlencode(form)}", credentials=(rig.made.account_sid, secret))
    await web("GET", "/dev/clock", headers=[("authorization", f"Bearer {secret}")])


async def rows(rig: Rig, table: str) -> list[Any]:
    return await fetched(rig.store, lambda tx: tx.all(f"SELECT * FROM {table}", {}))
