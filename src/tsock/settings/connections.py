"""Who connects, how often, and for how long."""

from typing import Annotated

from tsock.settings.limit import Limit
from tsock.settings.requests import RequestSettings


class ConnectionSettings(RequestSettings, frozen=True, kw_only=True):
    """Connections."""

    connections_per_identity_max: Annotated[int, Limit(code=51001, low=0)] = 1_000
    """Standing connections of one identity to one node; 0: off."""
    connections_per_account_max: Annotated[int, Limit(code=51124, low=0, twilio=7_000)] = 0
    """Standing connections of one account; divided among nodes. 0: off."""
    connections_per_node_max: Annotated[int, Limit(code=51124, low=0)] = 100_000
    """Standing connections of this process; 0: off."""
    connects_per_account_per_s: Annotated[float, Limit(code=51201, low=0, twilio=110)] = 0.0
    """New connections of one account, a second's worth at once; divided among nodes. 0: off."""
    connects_per_node_per_s: Annotated[float, Limit(code=51202, low=0, twilio=1_000)] = 10_000.0
    """New connections of this process, a second's worth at once; 0: off."""
    failures_per_address_per_s: Annotated[float, Limit(code=51202, low=0, dev=0)] = 50.0
    """Refused tokens from one address; 0: off."""
    failures_per_address_burst: Annotated[int, Limit(code=51202, low=1)] = 500
    """Refused tokens from one address that the rate lets through at once."""
    updates_per_connection_per_min: Annotated[float, Limit(code=51125, low=0)] = 60.0
    """Token updates of one connection, a minute's worth at once; 0: off."""
    backoff_ms_min: Annotated[int, Limit(low=1)] = 4_000
    """A client refused with 429 comes back no sooner than this."""
    backoff_ms_max: Annotated[int, Limit(low=2)] = 6_000
    """A client refused with 429 comes back no later than this."""
    unadmitted_max: Annotated[int, Limit(code=20503, low=0)] = 10_000
    """Connections that are not let in yet: without a request head, or WebSockets without an accepted `init`;
    beyond it the oldest without a head ends, and without one 503. 0: off."""
    unadmitted_per_address_max: Annotated[int, Limit(code=20503, low=0)] = 2_000
    """The same of one address. One from a trusted proxy is of the client that its request names. 0: off."""
    handshake_timeout_s: Annotated[float, Limit(low=0.001)] = 10.0
    """From the accepted socket to a complete request head; over plain HTTP also that of a further request."""
    init_timeout_s: Annotated[float, Limit(low=0.001)] = 10.0
    """From the WebSocket handshake to the `init` packet."""
    ping_interval_s: Annotated[float, Limit(low=0.001, high=44)] = 25.0
    """Longest outbound silence before a `ping`; clients give up after 45 s."""
    ack_timeout_s: Annotated[float, Limit(code=51005, low=0.001)] = 15.0
    """How long a `ping` may stay unanswered before the connection is dropped."""
    close_timeout_s: Annotated[float, Limit(low=0.001)] = 5.0
    """From a `close` packet or a refusal to the end of the socket."""
