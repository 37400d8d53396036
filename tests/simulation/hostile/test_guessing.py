"""Whoever guesses credentials is told to stay away; whoever has the right ones is served from anywhere."""

import httpx2
import pytest

from tests.interop.server import Server

SYNC = "/sync/v1/Services"
UPLOAD = "/mcs/v1/Services/IS00000000000000000000000000000000/Media"
GUESSES = 300
FEW = {"credential_failures_per_address_burst": 20, "credential_failures_per_address_per_s": 0.01}


def guess(server: Server, kind: str) -> list[int]:
    account = server.account
    with httpx2.Client(base_url=server.url) as client:
        if kind == "media token":
            headers = {"X-Twilio-Token": account.signed(exp=1)}
            return [client.post(UPLOAD, headers=headers).status_code for _ in range(GUESSES)]
        user = {"account": account.sid, "key": account.key_sid, "nobody": "AC" + "0" * 32}[kind]
        answers = [client.get(SYNC, auth=(user, f"{number:032x}")) for number in range(GUESSES)]
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 429)
    return [answer.status_code for answer in answers]


@pytest.mark.settings(log_format="json", **FEW)
@pytest.mark.parametrize("kind", ["account", "key", "nobody", "media token"])
def test_guesses_of_one_address_are_refused_unseen_and_lock_nobody_out(server: Server, kind: str) -> None:
    account = server.account
    statuses = guess(server, kind)
    assert statuses[:20] == [401] * 20
    assert set(statuses[30:]) == {429}
    for user, secret in ((account.sid, account.auth_token), (account.key_sid, account.key_secret)):
        assert httpx2.get(server.url + SYNC, auth=(user, secret)).status_code == 200
    assert 1 <= server.log.read_text().count("credentials.refused") < 20
    assert server.operator("GET", f"/alerts?account={account.sid}")["alerts"] == []


@pytest.mark.settings(trusted_proxies="127.0.0.1", **FEW)
def test_guesses_behind_a_proxy_are_those_of_the_client_that_it_names(server: Server) -> None:
    def asked(client: str) -> int:
        headers = {"X-Forwarded-For": client}
        return httpx2.get(server.url + SYNC, auth=("AC", "x"), headers=headers).status_code

    assert [asked("192.0.2.7") for _ in range(30)][-1] == 429
    assert asked("192.0.2.8") == 401
