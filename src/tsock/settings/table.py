"""Every setting and every limit of the server: name, unit, default, range, error code, what it bounds.

This table is the only place where a setting is declared. Its flag (`--ping-interval-s`), environment
variable (`TSOCK_PING_INTERVAL_S`), key in `tsock.toml` (`ping_interval_s`) and line in
`docs/reference/settings.md` all follow from the field, its `Limit` and its docstring.

Units stand last in a name, before `_min` and `_max`. A limit described with "0: off" can be switched off.
"""

import ast
import functools
import inspect
import re
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What a value may be, and what it means beyond its name."""

    code: int | None = None
    """The error that a client meets at the limit, from the error dictionary."""
    low: float | None = None
    high: float | None = None
    twilio: float | None = None
    """The value under `--profile twilio`, where the hosted service documents another one."""
    dev: float | tuple[str, ...] | None = None
    """The value under `tsock dev`, where that differs."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process; `Settings()` holds the defaults."""

    # Server
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Limit(low=0, high=65_535)] = 8080
    """TCP port of everything; 0 takes a free one."""
    data: str | None = None
    """Directory that keeps everything; unset, nothing outlives the process."""
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
    drain_reconnect_ms_max: Annotated[int, Limit(low=2, dev=1_000)] = 10_000
    """Clients told to move come back no later than this."""

    # Frames and requests
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
    request_body_bytes_max: Annotated[int, Limit(code=20413, low=1024)] = 512 * 1024
    """Body of one request over the socket; beyond it `http_status` 413."""
    http_body_bytes_max: Annotated[int, Limit(code=20413, low=1024)] = 1024 * 1024
    """Body of one plain HTTP request."""
    http_anonymous_body_bytes_max: Annotated[int, Limit(code=20413, low=1024)] = 16 * 1024
    """Body of one plain HTTP request to what is for anybody, which no credentials stand for."""
    rest_requests_in_flight_max: Annotated[int, Limit(code=20429, low=1)] = 100
    """REST requests of one account that are carried out at the same time."""
    http_connections_max: Annotated[int, Limit(code=20503, low=1)] = 1_000
    """Plain HTTP connections held at once; beyond it 503."""
    http_connections_per_address_max: Annotated[int, Limit(code=20503, low=0)] = 500
    """Plain HTTP connections of one address; beyond it 503. One from a trusted proxy is of the client that
    its latest request names. 0: off."""
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
    """Requests over all connections of one account, a second's worth at once; 0: off."""
    send_queue_bytes_max: Annotated[int, Limit(code=51005, low=64 * 1024)] = 8 * 1024 * 1024
    """Bytes waiting for a slow reader, which is dropped when more is to follow. What waits already is
    compared, so that one large reply to a quick reader is always sent."""

    # Connections
    connections_per_identity_max: Annotated[int, Limit(code=51001, low=0)] = 1_000
    """Standing connections of one identity; 0: off."""
    connections_per_account_max: Annotated[int, Limit(code=51124, low=0, twilio=7_000)] = 0
    """Standing connections of one account; 0: off."""
    connections_per_node_max: Annotated[int, Limit(code=51124, low=0)] = 100_000
    """Standing connections of this process; 0: off."""
    connects_per_account_per_s: Annotated[float, Limit(code=51201, low=0, twilio=110)] = 0.0
    """New connections of one account, a second's worth at once; 0: off."""
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
    beyond it 503. 0: off."""
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

    # Access Tokens
    token_bytes_max: Annotated[int, Limit(code=20101, low=1024)] = 8 * 1024
    """One Access Token."""
    identity_chars_max: Annotated[int, Limit(code=51003, low=1)] = 256
    """An identity; in a token, `endpoint_id` too (51004)."""
    token_skew_s: Annotated[int, Limit(code=20105, low=0, high=3600)] = 60
    """Tolerance for `nbf`, `iat` and the lifetime, since clocks differ."""
    token_exp_skew_s: Annotated[int, Limit(code=20104, low=0, high=3600)] = 0
    """Tolerance for `exp`."""
    token_lifetime_s_max: Annotated[int, Limit(code=20157, low=1, high=86_400)] = 86_400
    """Longest life of an Access Token."""
    token_about_to_expire_s: Annotated[float, Limit(low=0)] = 180.0
    """How long before `exp` the client is told."""
    token_expiry: Literal["close", "drop"] = "close"  # noqa: S105
    """What a client meets at `exp`: `close` sends 410/51207, as the hosted service does; `drop` ends the
    socket only, and lets an app call `updateToken` inside `tokenExpired`."""
    continuation_ttl_s: Annotated[int, Limit(low=0)] = 86_400
    """Life of a continuation token."""

    # Accounts
    subaccounts_per_account_max: Annotated[int, Limit(code=21480, low=0)] = 1_000
    """Subaccounts of one account, closed ones not counted."""
    keys_per_account_max: Annotated[int, Limit(code=70151, low=1)] = 1_000
    """API keys of one account, deleted ones not counted."""

    # Sync
    sync_data_bytes_max: Annotated[int, Limit(code=54006, low=2)] = 16 * 1024
    """Data of one document, list item or map item."""
    sync_message_bytes_max: Annotated[int, Limit(code=54006, low=2)] = 4 * 1024
    """Data of one stream message."""
    sync_unique_name_chars_max: Annotated[int, Limit(code=54302, low=1)] = 320
    """A unique name."""
    sync_key_chars_max: Annotated[int, Limit(code=54209, low=1)] = 320
    """The key of a map item."""
    sync_ttl_s_max: Annotated[int, Limit(code=54011, low=1)] = 31_536_000
    """Time to live of an object or item."""
    sync_items_max: Annotated[int, Limit(code=54006, low=1)] = 1_000_000
    """Items of one list or map."""
    sync_page_rows_max: Annotated[int, Limit(low=1, high=1000)] = 100
    """Rows of one page, whatever `PageSize` asks for."""
    sync_page_chars_max: Annotated[int, Limit(low=1)] = 256 * 1024
    """Characters of data in one page, which ends before the item that would exceed them."""
    sync_replay_events_max: Annotated[int, Limit(low=1)] = 1_000
    """Events replayed in answer to one request; further ones are told `interrupted`."""
    sync_subscriptions_max: Annotated[int, Limit(code=54419, low=1)] = 2_000
    """Objects that one connection subscribes to."""
    sync_subscription_batch_max: Annotated[int, Limit(low=1)] = 1_000
    """Entries of one subscription request; told to clients as `max_batch_size`."""
    sync_estimated_delivery_ms: Annotated[int, Limit(low=1)] = 10_000
    """How long clients wait for the confirmation; told to them as `estimated_delivery_in_ms`."""
    sync_tombstone_days: Annotated[float, Limit(low=1)] = 7.0
    """How long a removed item is remembered for clients that were away."""
    sync_sweep_interval_s: Annotated[float, Limit(low=0.001)] = 1.0
    """How often what has expired is removed and announced; reads never show it."""
    sync_writes_per_object_per_s: Annotated[float, Limit(code=54009, low=0, twilio=20)] = 0.0
    """Writes of one object and its items; one of 2 KiB counts as two, one of 10 or more as ten. 0: off."""
    sync_reads_per_object_per_s: Annotated[float, Limit(code=54009, low=0, twilio=20)] = 0.0
    """Reads of one object and its items; 0: off."""
    sync_creates_per_service_per_s: Annotated[float, Limit(code=54009, low=0, twilio=20)] = 0.0
    """Objects created in one service; 0: off."""
    sync_publishes_per_stream_per_s: Annotated[float, Limit(code=54009, low=0, twilio=30)] = 0.0
    """Messages published to one stream; 0: off."""
    sync_requests_per_permission_per_s: Annotated[float, Limit(code=54009, low=0, twilio=80)] = 0.0
    """Reads and writes over REST of what one identity may do with one object; 0: off."""
    sync_burst_s: Annotated[float, Limit(code=54009, low=1)] = 10.0
    """Each of the Sync rates lets this many seconds' worth through at once."""

    # Webhooks
    webhook_private_targets: Annotated[tuple[str, ...], Limit(code=11205, dev=("any",))] = ()
    """Addresses, networks and host names outside the Internet that webhooks may go to, such as `10.1.0.0/16`;
    `any` for all."""
    webhook_timeout_s: Annotated[float, Limit(code=11203, low=0.001)] = 15.0
    """One attempt, from the look-up of the host name to the end of the answer."""
    webhook_connect_timeout_s: Annotated[float, Limit(code=11201, low=0.001)] = 5.0
    """The part of an attempt that ends with the connection."""
    webhook_in_flight_max: Annotated[int, Limit(low=1)] = 64
    """Attempts at the same time; targets that do not answer get a quarter of them together, new ones half."""
    webhook_in_flight_per_target_max: Annotated[int, Limit(low=1)] = 8
    """Attempts at the same time to one host and port; one that is new or does not answer gets one."""
    webhook_retry_s_min: Annotated[float, Limit(low=0.001)] = 1.0
    """Shortest wait before a delivery that failed is tried again."""
    webhook_retry_s_max: Annotated[float, Limit(low=0.002)] = 3_600.0
    """Longest wait; the time between the two doubles with each failure, and chance picks a moment of it."""
    webhook_hold_s: Annotated[float, Limit(low=0)] = 600.0
    """How long a delivery that fails holds back later ones of the same object; 0: off."""
    webhook_give_up_h: Annotated[float, Limit(low=0)] = 24.0
    """How long a delivery may fail before it is a dead letter."""
    webhook_waiting_max: Annotated[int, Limit(code=11200, low=1)] = 100_000
    """Deliveries that wait; beyond it the oldest become dead letters."""
    webhook_dead_max: Annotated[int, Limit(low=1)] = 10_000
    """Dead letters kept for `tsock webhook`; the oldest go first."""
    webhook_dead_days: Annotated[float, Limit(low=0.001)] = 30.0
    """How long a dead letter is kept."""

    # Store
    store_waiting_max: Annotated[int, Limit(code=20503, low=1)] = 10_000
    """Writes waiting for the store; beyond it 503, after which SDKs try again."""
    store_group_max: Annotated[int, Limit(low=1)] = 1_000
    """Writes that share one commit."""
    store_rules_per_turn_ms: Annotated[float, Limit(low=0.001)] = 1.0
    """Time given to rules in one turn of the event loop."""

    # Records and logs
    denials_max: Annotated[int, Limit(low=1)] = 10_000
    """Refusals kept for `tsock why`; the oldest go first."""
    denials_days: Annotated[float, Limit(low=0.001)] = 30.0
    """How long a refusal is kept."""
    alert_level: Literal["error", "warning", "notice", "off"] = "warning"
    """Which requests answered with an error make an alert: with `error` 401, 403, 429 and 5xx, with `warning`
    other errors too, with `notice` even 404, 409 and 412, which working programs meet."""
    alerts_max: Annotated[int, Limit(low=1)] = 10_000
    """Alerts kept for one account; its oldest go first."""
    alerts_days: Annotated[float, Limit(low=0.001)] = 30.0
    """How long an alert is kept."""
    alerts_per_code_per_s: Annotated[float, Limit(low=0)] = 1.0
    """Alerts of one account with the same code; beyond it they count as repeats of the latest. 0: off."""
    alerts_per_code_burst: Annotated[int, Limit(low=1)] = 20
    """Alerts of one account with the same code that the rate lets through at once."""
    audit_events_max: Annotated[int, Limit(low=1)] = 10_000
    """Changes of accounts, keys and services kept for one account; the oldest go first."""
    audit_events_days: Annotated[float, Limit(low=0.001)] = 365.0
    """How long a change is kept on record."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe line written."""
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto` is `console` on a terminal and `json`, one object per line, elsewhere."""


SECTIONS = {
    "host": "Server",
    "header_bytes_max": "Frames and requests",
    "connections_per_identity_max": "Connections",
    "token_bytes_max": "Access Tokens",
    "subaccounts_per_account_max": "Accounts",
    "sync_data_bytes_max": "Sync",
    "webhook_private_targets": "Webhooks",
    "store_waiting_max": "Store",
    "denials_max": "Records and logs",
}
"""The first setting of each section, and the section's title."""


class Setting(msgspec.Struct, frozen=True):
    """One line of the table, as the loader and the reference page read it."""

    name: str
    kind: type[int] | type[float] | type[str] | type[tuple[str, ...]]
    choices: tuple[str, ...]
    """The words it may be; empty where any text is welcome."""
    unit: str
    """`s`, `ms`, `h`, `days`, `bytes`, `chars`, `per_s` or `per_min`; empty for a count and for no number."""
    default: Any
    limit: Limit

    @property
    def expects(self) -> str:
        """What a value must be, in words, as errors and the reference page say it."""
        if self.kind is tuple:
            return "texts separated by commas"
        if self.kind is str:
            return " or ".join(self.choices) or "text"
        low, high = self.limit.low, self.limit.high
        words = ["a whole number" if self.kind is int else "a number"]
        if self.unit:
            words.append("of " + self.unit if "per" not in self.unit else self.unit.replace("_", " "))
        if low is not None:
            words.append(f"from {low:g}")
        if high is not None:
            words.append(f"to {high:g}")
        return " ".join(words)


def _setting(field: msgspec.structs.FieldInfo) -> Setting:
    plain, limit = field.type, Limit()
    if get_origin(plain) is Annotated:
        plain, limit = get_args(plain)
    is_number = plain in (int, float)
    return Setting(
        name=field.name,
        kind=plain if is_number else tuple if get_origin(plain) is tuple else str,
        choices=get_args(plain) if get_origin(plain) is Literal else (),
        unit=_unit(field.name) if is_number else "",
        default=field.default,
        limit=limit,
    )


def _unit(name: str) -> str:
    found = re.search(r"_(per_s|per_min|ms|s|h|days|bytes|chars)(_min|_max)?$", name)
    return found[1] if found else ""


SETTINGS = {field.name: _setting(field) for field in msgspec.structs.fields(Settings)}
"""Every setting by name, in the order of `Settings`."""


@functools.cache
def descriptions() -> dict[str, str]:
    """What each setting bounds or chooses: the docstrings of `Settings`, each on one line."""
    (table,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(table, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, text in zip(table.body, table.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                texts[name] = " ".join(said.split())
            case _:
                pass
    return texts
