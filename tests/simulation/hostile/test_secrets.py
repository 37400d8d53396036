"""Answers with a secret are kept by nobody on the way, and logs of refusals are short."""

import httpx2
import pytest

from tests.interop.server import Account, Server
from tests.simulation.client import connected


def test_answers_with_a_secret_are_not_to_be_stored(shared_server: Server) -> None:
    account = shared_server.account
    with httpx2.Client(base_url=shared_server.url, auth=(account.sid, account.auth_token)) as client:
        api = f"/api/2010-04-01/Accounts/{account.sid}"
        answers = [
            client.get("/dev/token?identity=alice"),
            client.get(f"{api}.json"),
            client.post(f"{api}/Keys.json", data={"FriendlyName": "k"}),
            client.post("/iam/v1/Keys", data={"AccountSid": account.sid}),
            client.get("/"),
            client.get("/sync/v1/Services/default"),
            client.get("/nowhere"),
        ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store", answer.url
        assert answer.headers["x-content-type-options"] == "nosniff", answer.url


@pytest.mark.settings(log_format="json", refusal_lines_per_address_per_min=5)
async def test_refused_clients_of_one_address_make_few_lines(server: Server) -> None:
    account = server.account
    guess = Account(server, account.sid, account.key_sid, "f" * 32)
    before = server.log.read_text().count("\n")
    for _ in range(40):
        with pytest.raises(AssertionError, match="UNAUTHORIZED"):
            async with connected(server.uri, guess.token()):
                pass
    assert server.log.read_text().count("\n") - before <= 20
