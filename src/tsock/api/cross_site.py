"""Requests that a page of another site makes through somebody's browser.

A browser adds the credentials it keeps for a server to whatever any page sends there, and forms need nobody's
leave. It also says where a request comes from, which no page can change; programs say nothing of the kind.
"""

from urllib.parse import urlsplit

from tsock.api.gatekeeper import access_token
from tsock.api.request import Access, Request
from tsock.api.rest.fields import shown
from tsock.api.router import Route
from tsock.errors import ApiError

_SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""
_OWN = ("same-origin", "none")
"""Of `Sec-Fetch-Site`: a page of ours, or nobody's."""


def refuse_cross_site(request: Request, route: Route, public_url: str) -> None:
    """Refuse what another site's page asks for in the name of whoever looks at it.

    What comes with an Access Token is exempt: the page itself sends that, not the browser.

    Args:
        request: its head.
        route: where it goes.
        public_url: where this server is reached, beside `request.origin`.

    Raises:
        ApiError: 403/20403.
    """
    if request.method in _SAFE or route.access is Access.CLIENT or access_token(request, route) is not None:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in _OWN:
        raise _refused(
            f"the browser says Sec-Fetch-Site: {shown(site)}", "Send it from a back end, not from a page"
        )
    if origin is not None and origin.lower() not in (request.origin.lower(), _origin(public_url)):
        raise _refused(
            f"the browser says Origin: {shown(origin)}, and this server was reached at {request.origin}; "
            "behind a proxy set public_url, or trusted_proxies for its X-Forwarded-Proto",
            "",
        )


def _origin(url: str) -> str:
    """As a browser writes it, without a path."""
    parts = urlsplit(url.lower())
    return f"{parts.scheme}://{parts.netloc}"


def _refused(why: str, fix: str) -> ApiError:
    text = f"Forbidden: only pages of this server may ask this of a browser; {why}"
    return ApiError(403, 20403, text, fix=fix)
