"""Where the server listens, what it keeps, how it stops."""

from typing import Annotated, Literal

import msgspec

from tsock.settings.limit import Limit


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Server."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Limit(low=0, high=65_535)] = 8080
    """TCP port of everything; 0 takes a free one."""
    data: str | None = None
    """Directory that keeps everything; unset, nothing outlives the process."""
    database_url: str | None = None
    """Database of PostgreSQL, such as `postgresql://tsock@db.example.com/tsock`; unset, SQLite in `data`."""
    bus_url: str | None = None
    """NATS server that carries news between nodes, such as `nats://bus.example.com`; unset, PostgreSQL."""
    media_directory: str | None = None
    """Directory of the files of conversations, which all nodes share; unset, `media` in `data`."""
    node_name: str | None = None
    """What people call this node, among several on one database; unset, the machine's name and the port."""
    master_key_file: str | None = None
    """File of mode 0600 with the key that encrypts secrets at rest; unset, `master.key` in `data`."""
    public_url: str | None = None
    """Base URL that clients can dial, such as `https://rt.example.com`; unset, the address listened on."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies in front, such as `127.0.0.1`; their `X-Forwarded-…` is believed."""
    region: str = "us1"
    """Region that this server speaks for; a token's `twr` must name it."""
    region_aliases: tuple[str, ...] = ()
    """Further regions accepted in `twr`; in a flag or a variable separated by commas."""
    profile: Literal["generous", "twilio"] = "generous"
    """`twilio` sets the quotas that the hosted service documents, so that a test meets them here."""
    drain_s: Annotated[float, Limit(low=0)] = 20.0
    """How long a stopping server waits for clients and requests before it exits."""
    drain_reconnect_ms_min: Annotated[int, Limit(low=1)] = 500
    """Clients told to move come back no sooner than this, each at a moment of its own."""
    drain_reconnect_ms_max: Annotated[int, Limit(low=2, dev=1_000)] = 8_000
    """Clients told to move come back no later than this."""
