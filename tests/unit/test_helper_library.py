import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tsock.helper_library import AsyncTwilioHttpClient, TwilioHttpClient

Get = Callable[[str], str]
"""Has a client get a URL, and tells the request target that arrived."""


class Echo(BaseHTTPRequestHandler):
    """Answers with the target of the request, as it arrived."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(params=["sync", "async"])
def get(request: pytest.FixtureRequest, base_url: str) -> Get:
    def with_sync(url: str) -> str:
        client = TwilioHttpClient(base_url)
        try:
            return client.request("GET", url, timeout=5).text
        finally:
            assert client.session
            client.session.close()

    async def with_async(url: str) -> str:
        async with AsyncTwilioHttpClient(base_url) as client:
            return (await client.request("GET", url)).text

    return with_sync if request.param == "sync" else lambda url: asyncio.run(with_async(url))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://sync.twilio.com/v1/Services/IS1", "/sync/v1/Services/IS1"),
        ("https://api.twilio.com/2010-04-01/Accounts.json", "/api/2010-04-01/Accounts.json"),
        ("https://sync.dublin.ie1.twilio.com/v1/Services", "/sync/v1/Services"),
        ("https://mcs.us1.twilio.com/v1/Services", "/mcs/v1/Services"),
        ("https://monitor.twilio.com:443/v1/Alerts", "/monitor/v1/Alerts"),
        ("https://IAM.twilio.com", "/iam"),
    ],
)
def test_request_to_a_product_goes_to_its_prefix(get: Get, url: str, target: str) -> None:
    assert get(url) == target


def test_request_keeps_path_and_query_byte_for_byte(get: Get) -> None:
    target = "/v1/Services/IS1/Maps/a%2Fb/Items/+1%20x?PageSize=2&Page=1&PageToken=PT%3D%3D&From=%2B1&Empty="
    assert get(f"https://sync.twilio.com{target}") == f"/sync{target}"


def test_link_on_the_own_server_is_followed_as_it_is(get: Get, base_url: str) -> None:
    target = "/sync/v1/Services?PageSize=2&PageToken=sync.twilio.com"
    assert get(f"{base_url}{target}") == target


def test_host_that_only_mentions_the_domain_is_left_alone(get: Get, base_url: str) -> None:
    assert get(f"{base_url}/https://sync.twilio.com/v1") == "/https://sync.twilio.com/v1"


def test_base_url_may_end_in_a_slash(base_url: str) -> None:
    assert TwilioHttpClient(base_url + "/").base_url == base_url


@pytest.mark.parametrize("client", [TwilioHttpClient, AsyncTwilioHttpClient])
@pytest.mark.parametrize("address", ["", "127.0.0.1:8080", "ws://127.0.0.1:8080", "http://", "http://h/?x=1"])
def test_address_that_is_none_is_refused_with_an_example(client: type, address: str) -> None:
    with pytest.raises(ValueError, match=r"expected the address .* such as http://127\.0\.0\.1:8080, not"):
        client(address)


def test_without_the_library_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "twilio", None)
    for name in [name for name in sys.modules if name.startswith(("twilio.", "tsock.helper_library"))]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=r"pip install twilio, or .* tsock\[twilio\]"):
        importlib.import_module("tsock.helper_library")
