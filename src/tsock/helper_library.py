"""Points the PyPI package `twilio` at a tsock server: its HTTP clients, with another address.

    client = Client(key_sid, key_secret, account_sid, http_client=TwilioHttpClient("http://127.0.0.1:8080"))

needs `tsock[twilio]`. Nothing else of tsock is imported, so a back end needs no server beside it.
"""

# The library ships no type information.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import re
from typing import Any
from urllib.parse import urlsplit

try:
    from twilio.http import async_http_client, http_client
    from twilio.http.response import Response
except ImportError as error:
    raise ImportError(
        "tsock.helper_library extends the HTTP clients of the PyPI package twilio, which is not installed: "
        "pip install twilio, or install tsock with its extra, tsock[twilio]"
    ) from error

__all__ = ["AsyncTwilioHttpClient", "TwilioHttpClient"]

# The product is the first label; what stands between it and the domain is an edge and a region.
_OFFICIAL = re.compile(r"^https?://([a-z]+)(?:\.[a-z0-9-]+)*\.twilio\.com(?::\d+)?(?=[/?#]|$)", re.IGNORECASE)


class TwilioHttpClient(http_client.TwilioHttpClient):
    """Sends what is meant for the hosted products to the server at `base_url`, such as `http://127.0.0.1:8080`.

    Further arguments are those of the class it extends. Any other address, such as that of a next page on
    the server itself, is left alone.

    Raises:
        ValueError: `base_url` is not the address of an HTTP server.
    """

    def __init__(self, base_url: str, **options: Any) -> None:
        self.base_url = _checked(base_url)
        super().__init__(**options)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Make the request that `Client` asked for, at the server."""
        return super().request(method, _moved(url, self.base_url), *args, **kwargs)


class AsyncTwilioHttpClient(async_http_client.AsyncTwilioHttpClient):
    """The same for the asynchronous methods of `Client`, those with names in `_async`."""

    def __init__(self, base_url: str, **options: Any) -> None:
        self.base_url = _checked(base_url)
        super().__init__(**options)

    async def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Make the request that `Client` asked for, at the server."""
        return await super().request(method, _moved(url, self.base_url), *args, **kwargs)


def _moved(url: str, base_url: str) -> str:
    """A URL of a hosted product as the server has it, with the product as first segment; any other as it is.

    Only the front is replaced, so that path and query stay as the library wrote them.
    """
    return _OFFICIAL.sub(lambda official: f"{base_url}/{official[1].lower()}", url)


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            f"expected the address of a tsock server, such as http://127.0.0.1:8080, not {base_url!r}"
        )
    return base_url.rstrip("/")
