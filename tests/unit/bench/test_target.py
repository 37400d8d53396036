"""Where a load goes."""

import pytest

from tsock.bench.target import Address, OneToken
from tsock.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("ws://127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("ws://rt.example.com/", Address("rt.example.com", 80)),
        (
            "wss://rt.example.com/edge/v3/wsconnect",
            Address("rt.example.com", 443, "/edge/v3/wsconnect", tls=True),
        ),
        ("ws://[::1]:8080", Address("::1", 8080)),
    ],
)
def test_address_is_read_from_a_url(url: str, address: Address) -> None:
    assert Address.read(url) == address
    assert Address.read(str(address)) == address


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8080", "http://localhost", "ws://", "ws://host:port", "ws://host?token=x", "ws://[x"],
)
def test_text_that_is_no_websocket_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="--url: expected ws://"):
        Address.read(url)


def test_token_stays_out_of_what_is_printed() -> None:
    assert "secret" not in repr(OneToken("secret"))
