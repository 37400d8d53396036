"""By which names development is reached, and whose pages may ask it."""

import pytest

from tsock.api.known_hosts import KnownHosts, named_host
from tsock.errors import ApiError, ConfigError
from tsock.settings import Settings


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("app.test", "app.test"),
        ("App2.test:3000", "app2.test"),
        ("https://app.test", "app.test"),
        ("http://app.test:3000/", "app.test"),
        ("10.0.2.2", "10.0.2.2"),
        ("10.0.2.2:80", "10.0.2.2"),
        ("::1", "::1"),
        ("[FE80::1]", "fe80::1"),
        ("http://[fe80::1]:80", "fe80::1"),
    ],
)
def test_host_is_found_in_what_names_it(given: str, host: str) -> None:
    assert named_host(given) == host


@pytest.mark.parametrize(
    "given", ["", " ", "*.test", "a b", "https://", "app.test/path", "a@app.test", "é.test"]
)
def test_what_names_no_host_is_refused_in_words(given: str) -> None:
    with pytest.raises(ConfigError, match="expected a name or address"):
        named_host(given)


KNOWN = KnownHosts(["app.test", "fe80::1"], Settings(), lambda: 0.0)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "https://LOCALHOST:3000",
        "http://127.0.0.1:80",
        "http://[::1]:80",
        "https://app.test",
        "http://[fe80::1]",
    ],
)
def test_page_of_a_known_host_may_ask(origin: str) -> None:
    KNOWN.check("http://localhost:8080", origin, "192.0.2.1")


@pytest.mark.parametrize(
    "origin",
    [
        r"http://evil.example\@localhost",
        "http://evil.example@localhost",
        "http://evil.example#@localhost",
        "//localhost",
        "localhost",
        "http:localhost",
        "http:/localhost",
        "http:///localhost",
        "http://localhost/",
        "http://localhost\n",
        "http://localhost:",
        "http://localhost http://localhost",
        "file://localhost",
        "null",
        "",
    ],
)
def test_page_of_what_is_no_host_may_not(origin: str) -> None:
    with pytest.raises(ApiError, match="does not answer to pages of"):
        KNOWN.check("http://localhost:8080", origin, "192.0.2.1")
