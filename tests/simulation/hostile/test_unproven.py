"""Tokens that anybody can make fill no account's records, and push out none of its own."""

import pytest

from tests.interop.server import Account, Server, until
from tests.simulation.client import connected

FLOOD = 40


async def refuse(server: Server, token: str) -> None:
    with pytest.raises(AssertionError, match="UNAUTHORIZED"):
        async with connected(server.uri, token):
            pass


@pytest.mark.settings(unproven_records_max=10, alerts_per_code_per_s=0)
async def test_unsigned_tokens_that_name_an_account_leave_it_alone(server: Server) -> None:
    account = server.account
    guess = Account(server, account.sid, account.key_sid, "f" * 32)
    await refuse(server, account.token(ttl_s=-60))
    for _ in range(FLOOD):
        await refuse(server, guess.token())

    def told() -> list[bool]:
        return [denial["proven"] for denial in server.operator("GET", "/denials?limit=1000")["denials"]]

    until(lambda: told() == [False] * 10 + [True], "the newest ten, and the account's own")
    (alert,) = server.operator("GET", f"/alerts?account={account.sid}")["alerts"]
    assert alert["code"] == 20104
    nobodys = [
        one for one in server.operator("GET", "/alerts?limit=1000")["alerts"] if not one["account_sid"]
    ]
    assert len(nobodys) == 10
