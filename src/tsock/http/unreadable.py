"""What comes to the port and is no HTTP/1.1: an SDK whose address begins with `wss` tries it for ever.

uvicorn has one line of log for each, which names nobody. Here it is told like a WebSocket on the wrong path:
once of each client, in words that help.
"""

from tsock.debugger.incident import Rejection
from tsock.errors import ApiError
from tsock.rates import source

BEGINNING_BYTES = 16
"""So much of a connection tells what is spoken on it."""

_OTHERS = {
    b"\x16\x03": ("TLS", "TLS was spoken to the plain port: use ws:// and http://, or a proxy that ends TLS"),
    b"PRI * HTTP/2": (
        "HTTP/2",
        "HTTP/2 was spoken to a port for HTTP/1.1: have the client or the proxy speak that",
    ),
}
"""By what a handshake of TLS begins with, and what HTTP/2 does without one."""
_UNKNOWN = "nonsense", "What came is no HTTP/1.1: look what calls this port, and by which protocol"


def unreadable(beginning: bytes, client: str) -> Rejection:
    """The refusal of bytes that no request can be made of.

    Args:
        beginning: of the connection.
        client: the address at the other end; empty on the operator's socket file.
    """
    found = (told for start, told in _OTHERS.items() if beginning.startswith(start))
    spoken, text = next(found, _UNKNOWN)
    error = ApiError(
        400,
        20422,
        f"{text} (from {client})" if client else text,
        about=f"{source(client)} with {spoken}",
        fix="",
    )
    return Rejection(error=error, account_sid=None, method=None, url="", is_lasting=True)
