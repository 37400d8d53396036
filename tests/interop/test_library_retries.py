"""Rates as the official helper libraries meet them (`rest.md` 1.11)."""

import pytest

from tests.interop.conftest import OpenClient
from tests.interop.library import Api
from tests.interop.server import Server
from tests.interop.test_library_sync import refused

RATE_PER_S = 5
pytestmark = pytest.mark.settings(sync_writes_per_object_per_s=RATE_PER_S, sync_burst_s=1)


def _write_beyond_the_rate(api: Api) -> None:
    documents = api.sync.v1.services("default").documents
    document = documents(documents.create()["sid"])
    for n in range(4 * RATE_PER_S):
        document.update(data={"n": n})


def test_write_beyond_the_rate_is_refused_with_429(own_server: Server, api: Api) -> None:
    with refused(429, 54009):
        _write_beyond_the_rate(api)


@pytest.mark.parametrize("open_client", ["node"], indirect=True)
def test_library_that_retries_gets_through(own_server: Server, open_client: OpenClient) -> None:
    account = own_server.account
    _write_beyond_the_rate(open_client(account.sid, account.auth_token, autoRetry=True, maxRetries=10))
