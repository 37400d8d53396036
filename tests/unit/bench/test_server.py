"""Where a load goes."""

import pytest

from tsock.bench.server import Endpoint, GivenToken
from tsock.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("ws://127.0.0.1:8080", Endpoint("127.0.0.1", 8080)),
        ("ws://rt.example.com/", Endpoint("rt.example.com", 80)),
        (
            "wss://rt.example.com/edge/v3/wsconnect",
            Endpoint("rt.example.com", 443, "/edge/v3/wsconnect", tls=True),
        ),
        ("ws://[::1]:8080", Endpoint("::1", 8080)),
    ],
)
def test_endpoint_is_read_from_a_url(url: str, endpoint: Endpoint) -> None:
    assert Endpoint.read(url) == endpoint
    assert Endpoint.read(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8080", "http://localhost", "ws://", "ws://host:port", "ws://host?token=x", "ws://[x"],
)
def test_text_that_is_no_websocket_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="--url: expected ws://"):
        Endpoint.read(url)


def test_token_stays_out_of_what_is_printed() -> None:
    assert "secret" not in repr(GivenToken("secret"))
