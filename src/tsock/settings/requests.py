"""What one packet, request or reply may be."""

from typing import Annotated

from tsock.settings.limit import Limit
from tsock.settings.server import ServerSettings


class RequestSettings(ServerSettings, frozen=True, kw_only=True):
    """Frames and requests."""

    header_bytes_max: Annotated[int, Limit(code=51214, low=1024)] = 256 * 1024
    """Header of one Twilsock packet."""
    packet_bytes_max: Annotated[int, Limit(code=51214, low=1024)] = 1024 * 1024
    """One Twilsock packet, header and payload."""
    socket_turn_ms: Annotated[float, Limit(low=0.001)] = 1.0
    """Time given to what one socket has sent in one turn of the event loop; the rest waits behind others."""
    socket_frames_per_turn: Annotated[int, Limit(low=1)] = 64
    """WebSocket frames of one socket that are read in one turn of the event loop."""
    packet_frames_max: Annotated[int, Limit(code=51214, low=1)] = 1_000
    """WebSocket frames that one Twilsock packet is cut into."""
    init_bytes_max: Annotated[int, Limit(code=20101, low=1024)] = 20 * 1024
    """What is kept of one packet before an `init` is accepted, over which the token is too large."""
    init_frames_max: Annotated[int, Limit(code=51214, low=1)] = 1_000
    """WebSocket frames of one connection before an `init` is accepted."""
    request_body_bytes_max: Annotated[int, Limit(code=20413, low=1024)] = 512 * 1024
    """Body of one request over the socket; beyond it `http_status` 413."""
    http_body_bytes_max: Annotated[int, Limit(code=20413, low=1024)] = 1024 * 1024
    """Body of one plain HTTP request."""
    http_anonymous_body_bytes_max: Annotated[int, Limit(code=20413, low=1024)] = 16 * 1024
    """Body of one plain HTTP request to what is for anybody, which no credentials stand for."""
    rest_requests_in_flight_max: Annotated[int, Limit(code=20429, low=1)] = 100
    """REST requests of one account that are carried out at the same time; divided among nodes."""
    credential_failures_per_address_per_s: Annotated[float, Limit(code=20429, low=0)] = 1.0
    """Credentials and media tokens over HTTP from one address that do not hold; beyond it they are answered
    429, while right ones are still let through. 0: off."""
    credential_failures_per_address_burst: Annotated[int, Limit(code=20429, low=1)] = 100
    """So many of them are answered 401 at once."""
    credential_backoff_s_max: Annotated[float, Limit(low=1)] = 60.0
    """How long an address that fails too often is told to wait, at most; it begins with a second and doubles
    each time."""
    http_connections_max: Annotated[int, Limit(code=20503, low=1)] = 1_000
    """Plain HTTP connections held at once; beyond it the longest idle one ends, and without one 503."""
    http_connections_per_address_max: Annotated[int, Limit(code=20503, low=0)] = 500
    """Plain HTTP connections of one address; beyond it its longest idle one ends, and without one 503. One
    from a trusted proxy is of the client that its latest request names. 0: off."""
    health_connections_max: Annotated[int, Limit(low=1)] = 16
    """Connections that ask for `/healthz` or `/readyz` where all others are taken: each is answered once, and
    beyond the number the oldest ends; and as many that may still ask for them."""
    http_transfer_timeout_s: Annotated[float, Limit(low=0.001)] = 30.0
    """How long a plain HTTP request's body may take to arrive, and a response to be read; of what streams,
    each further `http_body_bytes_max`, and each piece."""
    http_idle_timeout_s: Annotated[int, Limit(low=1)] = 75
    """How long a plain HTTP connection stays open between requests. Keep it above what clients and proxies
    do: whoever closes first may cut off a request that is on its way."""
    requests_in_flight_max: Annotated[int, Limit(low=1)] = 16
    """Requests of one connection that are carried out at the same time; what follows waits unread. One of
    4 KiB counts as two, and so on."""
    requests_per_connection_per_s: Annotated[float, Limit(code=51128, low=0, twilio=500)] = 2_000.0
    """Requests of one connection; 0: off."""
    requests_per_connection_burst_s: Annotated[float, Limit(low=0.001, twilio=1.0)] = 4.0
    """So many seconds' worth of them go through at once: an SDK that comes back asks for all it follows."""
    requests_per_account_per_s: Annotated[float, Limit(code=51129, low=0, twilio=20_000)] = 0.0
    """Requests over all connections of one account, a second's worth at once; divided among nodes. 0: off."""
    send_queue_bytes_max: Annotated[int, Limit(code=51005, low=64 * 1024)] = 8 * 1024 * 1024
    """Bytes waiting for a slow reader, which is dropped when more is to follow. What waits already is
    compared, so that one large reply to a quick reader is always sent."""
