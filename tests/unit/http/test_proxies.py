import pytest

from tsock.errors import ConfigError
from tsock.http.proxies import Proxies


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        pytest.param([], "192.0.2.1", "", "192.0.2.1", id="nobody is between"),
        pytest.param([], "192.0.2.1", "203.0.113.9", "192.0.2.1", id="nobody is believed"),
        pytest.param(
            ["10.0.0.0/8"], "192.0.2.1", "203.0.113.9", "192.0.2.1", id="a stranger is not believed"
        ),
        pytest.param(["10.0.0.0/8"], "10.1.2.3", "203.0.113.9", "203.0.113.9", id="a proxy is believed"),
        pytest.param(["10.0.0.0/8"], "10.1.2.3", "", "10.1.2.3", id="a proxy that says nothing"),
        pytest.param(
            ["10.0.0.0/8", "::1"],
            "::1",
            "6.6.6.6, 203.0.113.9, 10.9.9.9",
            "203.0.113.9",
            id="two proxies of ours",
        ),
        pytest.param(["127.0.0.1"], "::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9", id="IPv4 in IPv6"),
        pytest.param(["10.0.0.0/8"], "10.1.2.3", "not an address", "not an address", id="text is passed on"),
    ],
)
def test_client_address_is_the_last_that_no_proxy_of_ours_has(
    trusted: list[str], peer: str, forwarded: str, client: str
) -> None:
    assert Proxies(trusted).client(peer, forwarded) == client


def test_trusted_proxies_that_are_no_addresses_are_a_config_error() -> None:
    with pytest.raises(ConfigError, match="trusted_proxies"):
        Proxies(["the proxy"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "scheme"),
    [
        ("10.1.2.3", "https", "https"),
        ("10.1.2.3", "WSS", "https"),
        ("10.1.2.3", "ws", "http"),
        ("10.1.2.3", "https, http", "https"),
        ("10.1.2.3", "gopher", "http"),
        ("10.1.2.3", "", "http"),
        ("192.0.2.1", "https", "http"),
    ],
)
def test_scheme_is_that_of_the_client(peer: str, forwarded: str, scheme: str) -> None:
    assert Proxies(["10.0.0.0/8"]).scheme(peer, forwarded, "http") == scheme
