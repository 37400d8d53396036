"""A page of another site, open in the browser of an operator, changes nothing here."""

import httpx2
import pytest

from tests.interop.server import Server

FOREIGN = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "same-site"},
]
"""What browsers say of a form on another page, newer and older ones."""


@pytest.mark.parametrize("headers", FOREIGN)
def test_foreign_form_sets_no_webhook_makes_no_key_and_closes_no_account(
    shared_server: Server, headers: dict[str, str]
) -> None:
    account = shared_server.account
    sub = shared_server.new_account(account)
    api, sync = f"/2010-04-01/Accounts/{account.sid}", "/sync/v1/Services/default"
    attacks = {
        sync: {"WebhookUrl": "https://evil.example/hook"},
        f"/api{api}/Keys.json": {"FriendlyName": "mine"},
        f"/api/2010-04-01/Accounts/{sub.sid}.json": {"Status": "closed"},
    }
    with httpx2.Client(base_url=shared_server.url, auth=(account.sid, account.auth_token)) as browser:
        reads = [sync, f"/api{api}/Keys.json", f"/api/2010-04-01/Accounts/{sub.sid}.json"]
        before = [browser.get(path).json() for path in reads]
        for path, form in attacks.items():
            answer = browser.post(path, data=form, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, 20403)
        assert [browser.get(path).json() for path in reads] == before
        own = {"Origin": shared_server.url, "Sec-Fetch-Site": "same-origin"}
        assert browser.post(sync, data={"FriendlyName": "ours"}, headers=own).status_code == 200
        assert browser.post(sync, data={"FriendlyName": "ours"}).status_code == 200


def test_foreign_form_signs_nobody_in(shared_server: Server) -> None:
    account = shared_server.account
    form = {"sid": account.sid, "secret": account.auth_token}
    for headers in FOREIGN:
        answer = httpx2.post(f"{shared_server.url}/sign-in", data=form, headers=headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
