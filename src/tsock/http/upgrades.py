"""WebSockets asked for where there are none, and plain requests where there is nothing else.

What is right is granted before there is a request at all (`gateway/entrance.py`).
"""

from collections.abc import Mapping, Sequence

from tsock.api.problem import Problem
from tsock.api.request import Response
from tsock.errors import ApiError

PATH = "/v3/wsconnect"


class WrongUpgrade(ApiError):
    """The client is lost: an SDK that is answered so tries the same again for ever."""


def check_upgrade(segments: Sequence[str], upgrade: str, origin: str, client: str) -> None:
    """Refuse a request that mistakes what is served at its path.

    Args:
        segments: of the path.
        upgrade: the header of that name; empty without one.
        origin: by which the client reached this server.
        client: its address; it tries the same again for ever, and is told of once.

    Raises:
        WrongUpgrade: 404/20404, it wants a WebSocket at another path; 426/20426, it wants none at theirs.
    """
    path = "/".join(("", *segments))
    about = f"{client} at {_shown(path)}"
    if "websocket" in upgrade.lower():
        raise WrongUpgrade(
            404,
            20404,
            f"No WebSocket is served at {_shown(path)}: the SDKs' option twilsock.uri is to be "
            f"{origin.replace('http', 'ws', 1)}{PATH}",
            about=about,
            fix="",
        )
    if path.removesuffix("/").endswith(PATH):
        raise WrongUpgrade(
            426,
            20426,
            f"Upgrade Required: {_shown(path)} is for WebSockets, and this request asked for none; "
            "a client that did came through a proxy that does not pass on the headers Upgrade and Connection",
            {"upgrade": "websocket", "connection": "upgrade"},
            about=about,
            fix="Let the proxy pass on both headers, if there is one",
        )


def as_line(problem: Problem, headers: Mapping[str, str]) -> Response:
    """A line of text, for whoever reads answers to a handshake."""
    return Response(problem.status, f"{problem.message}\n".encode(), "text/plain; charset=utf-8", headers)


def _shown(path: str) -> str:
    return repr(path[:200])[1:-1]  # control characters escaped
