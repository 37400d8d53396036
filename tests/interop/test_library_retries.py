"""What the helper libraries have to come back from: rates, and connections that end."""

import socket

import pytest

from tests.interop.conftest import OpenClient
from tests.interop.library import Api
from tests.interop.server import Server
from tests.interop.test_library_sync import refused
from tsock.settings import Settings

RATE_PER_S = 5
rated = pytest.mark.settings(sync_writes_per_object_per_s=RATE_PER_S, sync_burst_s=1)


def _write_beyond_the_rate(api: Api) -> None:
    documents = api.sync.v1.services("default").documents
    document = documents(documents.create()["sid"])
    for n in range(4 * RATE_PER_S):
        document.update(data={"n": n})


@rated
def test_write_beyond_the_rate_is_refused_with_429(own_server: Server, api: Api) -> None:
    with refused(429, 54009):
        _write_beyond_the_rate(api)


@rated
@pytest.mark.parametrize("open_client", ["node"], indirect=True)
def test_library_that_retries_gets_through(own_server: Server, open_client: OpenClient) -> None:
    account = own_server.account
    _write_beyond_the_rate(open_client(account.sid, account.auth_token, autoRetry=True, maxRetries=10))


@pytest.mark.settings(http_idle_timeout_s=1)
def test_idle_connection_stays_as_long_as_the_setting_says(own_server: Server) -> None:
    with socket.create_connection(("127.0.0.1", own_server.port), timeout=4) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while connection.recv(65536):
            pass


def test_idle_connection_outlasts_what_clients_keep() -> None:
    # Whoever ends it first must not be the server: a request could be on its way.
    node_s, aiohttp_s, nginx_s = 5, 15, 60
    assert Settings().http_idle_timeout_s > max(node_s, aiohttp_s, nginx_s)
