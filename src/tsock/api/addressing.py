"""Which product a request is for: by the first segment of its path, or by the host it was sent to.

Every product has paths such as `/v1/Services`, so the path alone does not name it. Behind
this module a REST path always begins with the product (`protocol/rest.md`, Addressing).
"""

import re
from functools import lru_cache

import msgspec

from tsock.errors import ApiError, invalid

PRODUCTS = frozenset(("api", "iam", "accounts", "sync", "conversations", "chat", "monitor", "mcs"))
OFFICIAL = ".twilio.com"
_SOCKET_LABELS = frozenset(("tsock", "aim", "cds", "ers"))
"""What the SDKs call this server by its official host names, beside the products."""
_VERSIONS = frozenset(("2010-04-01", "v1", "v2"))
_OWNERS: dict[tuple[str, ...], str] = {
    ("v1", "Keys"): "iam",
    ("v1", "AuthTokens"): "accounts",
    ("v1", "Alerts"): "monitor",
    ("v1", "Events"): "monitor",
    ("v2", "Services"): "chat",
    **dict.fromkeys((("v1", name) for name in ("Conversations", "Users", "Configuration")), "conversations"),
}
"""Paths that only one product has."""

_HOST = re.compile(r"([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_LOGICAL_HOST = re.compile(r"(?:[A-Za-z0-9.\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Address(msgspec.Struct, frozen=True, gc=False):
    """Where a request was sent to."""

    path: tuple[str, ...]
    """The segments; of a REST path the product is the first."""
    base: str
    """What URLs in the answer begin with, as the caller began its own."""


def address(path: tuple[str, ...], origin: str) -> Address:
    """Find the product of a REST path; any other path is itself.

    Args:
        path: the decoded segments.
        origin: scheme, host and port by which the client reaches the server.
    """
    if path[0] in PRODUCTS:
        return Address(_undotted(path), f"{origin}/{path[0]}")
    if path[0] not in _VERSIONS:
        return Address(path, origin)
    host = origin.partition("://")[2].lower()
    name, dot, _ = host.partition(".")
    if dot and name in PRODUCTS:
        official = host.partition(":")[0].endswith(OFFICIAL)
        return Address(_undotted((name, *path)), f"https://{host.partition(':')[0]}" if official else origin)
    owner = "api" if path[0] == "2010-04-01" else _OWNERS.get(path[:2])
    if owner is None:
        why = (
            "a part of it is empty"
            if "" in path
            else "name the product by the path, as in /sync/v1/Services, or by the host, as in sync.localhost"
        )
        raise ApiError(404, 20404, f"The requested resource /{'/'.join(path)[:200]} was not found: {why}")
    return Address(_undotted((owner, *path)), origin)


@lru_cache(maxsize=256)
def origin(scheme: str, host: str | None, fallback: str) -> str:
    """Scheme, host and port by which the client reaches the server.

    Args:
        scheme: `http` or `https`, as the client used it.
        host: the `Host` header, None without one.
        fallback: what to say without one.

    Raises:
        ApiError: 400/20422, the header is no host.
    """
    if host is None:
        return fallback
    if _HOST.fullmatch(host) is None:
        raise invalid("expected the header Host to be a name or address, and a port")
    name = host.partition(":")[0]
    # Clients dial official names by TLS, whoever ends it.
    return f"https://{name}" if name.lower().endswith(OFFICIAL) else f"{scheme}://{host}"


def product_url(origin: str, product: str) -> str:
    """What the URLs of a product begin with, for a client that reached the server by this origin.

    Where the first label of the host names what is served there, the product takes its place; else it is the
    first segment of the path.
    """
    scheme, _, host = origin.partition("://")
    name, dot, domain = host.partition(".")
    label = name.lower()
    official = host.partition(":")[0].lower().endswith(OFFICIAL)
    if dot and (label in PRODUCTS or (official and label in _SOCKET_LABELS)):
        return f"{scheme}://{product}.{domain}"
    return f"{origin}/{product}"


def _undotted(path: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the `.json` that paths of the 2010 API end in; elsewhere it is part of a name."""
    if path[:2] == ("api", "2010-04-01"):
        return (*path[:-1], path[-1].removesuffix(".json"))
    return path


def tunnelled_base(host: str, fallback: str) -> str:
    """What URLs begin with that an SDK is shown: the host it asked, so that its region and own URIs stay."""
    return f"https://{host if _LOGICAL_HOST.fullmatch(host) else fallback}"
