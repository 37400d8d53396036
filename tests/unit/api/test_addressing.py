"""Which product a request is for, and what URLs in its answer begin with."""

import pytest

from tsock.api.addressing import address, origin, product_url
from tsock.errors import ApiError

LOCAL = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("path", "origin", "product", "base"),
    [
        # The path names the product, whatever the host is.
        ("/sync/v1/Services", LOCAL, "sync", f"{LOCAL}/sync"),
        ("/chat/v2/Services/IS1", LOCAL, "chat", f"{LOCAL}/chat"),
        ("/iam/v1/Keys", "https://sync.twilio.com", "iam", "https://sync.twilio.com/iam"),
        # So does the host, with or without edge and region.
        ("/v1/Services", "http://sync.twilio.com", "sync", "https://sync.twilio.com"),
        (
            "/v1/Services",
            "http://sync.dublin.ie1.twilio.com:8080",
            "sync",
            "https://sync.dublin.ie1.twilio.com",
        ),
        (
            "/v1/Services",
            "http://Conversations.localhost:8080",
            "conversations",
            "http://Conversations.localhost:8080",
        ),
        ("/v1/Services", "https://sync.example.internal", "sync", "https://sync.example.internal"),
        # Else the path must belong to one product only.
        ("/v1/Keys/SK1", LOCAL, "iam", LOCAL),
        ("/v1/Alerts", LOCAL, "monitor", LOCAL),
        ("/v1/Events", LOCAL, "monitor", LOCAL),
        ("/v2/Services", LOCAL, "chat", LOCAL),
        ("/v1/Conversations/CH1", LOCAL, "conversations", LOCAL),
    ],
)
def test_product_is_told_by_path_then_host_then_a_path_of_one_product(
    path: str, origin: str, product: str, base: str
) -> None:
    found = address(tuple(path[1:].split("/")), origin)
    segments = path[1:].split("/")
    assert found.path == tuple(segments if segments[0] == product else [product, *segments])
    assert found.base == base


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/v1/Services", LOCAL),
        ("/v1/Services", "http://sync"),
        ("/v1/Services", "http://video.twilio.com"),
        ("/v1/Roles", "http://localhost:8080"),
        ("/v1", LOCAL),
        ("/v2", LOCAL),
    ],
)
def test_path_of_several_products_without_a_product_is_404_and_says_how_to_name_one(
    path: str, origin: str
) -> None:
    with pytest.raises(ApiError) as refused:
        address(tuple(path[1:].split("/")), origin)
    assert (refused.value.status, refused.value.code) == (404, 20404)
    assert "/sync/v1/Services" in refused.value.message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/2010-04-01/Accounts.json", ("api", "2010-04-01", "Accounts")),
        ("/2010-04-01/Accounts", ("api", "2010-04-01", "Accounts")),
        ("/api/2010-04-01/Accounts/AC1/Keys.json", ("api", "2010-04-01", "Accounts", "AC1", "Keys")),
        ("/2010-04-01/Accounts/a.json.json", ("api", "2010-04-01", "Accounts", "a.json")),
        (
            "/sync/v1/Services/IS1/Maps/m/Items/a.json",
            ("sync", "v1", "Services", "IS1", "Maps", "m", "Items", "a.json"),
        ),
        ("/healthz", ("healthz",)),
        ("/", ("",)),
        ("/errors/20404", ("errors", "20404")),
    ],
)
def test_only_paths_of_the_2010_api_lose_their_ending(path: str, expected: tuple[str, ...]) -> None:
    assert address(tuple(path[1:].split("/")), LOCAL).path == expected


def test_page_is_the_same_by_whatever_host() -> None:
    assert address(("errors", "51215"), "http://sync.localhost").path == ("errors", "51215")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8080", "https://127.0.0.1:8080"),
        ("[::1]:8080", "https://[::1]:8080"),
        ("my_host.local", "https://my_host.local"),
        ("sync.twilio.com", "https://sync.twilio.com"),
        (None, "http://fallback"),
    ],
)
def test_origin_is_what_the_client_dialled(host: str | None, expected: str) -> None:
    assert origin("https", host, "http://fallback") == expected


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "user@host", "host:", "host:port", "a,b", "<script>", "h\u00f6st", "x" * 254]
)
def test_host_that_is_none_is_400_20422(host: str) -> None:
    with pytest.raises(ApiError) as refused:
        origin("http", host, "http://fallback")
    assert (refused.value.status, refused.value.code) == (400, 20422)


def test_official_host_is_reached_by_tls_whoever_ends_it() -> None:
    assert origin("http", "API.twilio.com:8080", "http://fallback") == "https://API.twilio.com"


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        ("https://tsock.us1.twilio.com", "https://mcs.us1.twilio.com"),
        ("https://Aim.us1.Twilio.com", "https://mcs.us1.Twilio.com"),
        ("http://sync.localhost:8080", "http://mcs.localhost:8080"),
        (LOCAL, f"{LOCAL}/mcs"),
        ("http://[::1]:8080", "http://[::1]:8080/mcs"),
        ("http://sync", "http://sync/mcs"),
        # A server's own name is not one of the official hosts' labels.
        ("https://tsock.example.com", "https://tsock.example.com/mcs"),
        ("https://example.com/below", "https://example.com/below/mcs"),
    ],
)
def test_product_is_named_as_the_client_reached_the_server(origin: str, url: str) -> None:
    assert product_url(origin, "mcs") == url
