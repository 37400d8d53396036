"""Alerts and audit events of an account: Monitor v1 (`protocol/rest.md`, Monitor)."""

from collections.abc import Callable
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tsock.accounts import audit
from tsock.accounts.audit import AuditEvent
from tsock.accounts.caller import SYNC
from tsock.accounts.directory import Directory
from tsock.api.request import Access, Answer, Door, Read, Request, Response, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.asker import asker
from tsock.api.rest.fields import Fields, shown
from tsock.api.router import Route, RouteHandler
from tsock.clock import iso_s
from tsock.debugger import alerts
from tsock.debugger.alerts import Alert
from tsock.errors import ApiError, not_found
from tsock.ids import is_sid
from tsock.storage import journal
from tsock.storage.keyset import Listing, slice_at
from tsock.storage.store import Row, Tx

ALERTS = "/monitor/v1/Alerts"
EVENTS = "/monitor/v1/Events"
ROWS_MAX = 1000
"""Of one page."""
LEVELS = ("error", "warning", "notice", "debug")


class AlertView(msgspec.Struct):
    """An alert; request and answer only by itself."""

    sid: str
    account_sid: str
    alert_text: str
    api_version: str | None
    date_created: str
    date_generated: str
    date_updated: str
    error_code: str
    log_level: str
    more_info: str
    request_method: str | None
    request_url: str | None
    resource_sid: str | None
    service_sid: str | None
    url: str
    request_variables: str | UnsetType | None = UNSET
    request_headers: str | UnsetType | None = UNSET
    response_headers: str | UnsetType | None = UNSET
    response_body: str | UnsetType | None = UNSET


class EventView(msgspec.Struct):
    """An audit event."""

    sid: str
    account_sid: str
    actor_sid: str | None
    actor_type: str
    description: str | None
    event_data: dict[str, Raw]
    event_date: str
    event_type: str
    resource_sid: str
    resource_type: str
    source: str
    source_ip_address: str | None
    url: str
    links: dict[str, str | None]


class MonitorHandlers:
    """List and fetch the alerts and the audit events of the caller's own account."""

    def __init__(self, directory: Directory, public_url: str | None) -> None:
        """`public_url` is where our pages are; None for where the request was sent to."""
        self._directory = directory
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            _route(ALERTS, self.alerts, "alerts/list"),
            _route(f"{ALERTS}/{{alert}}", self.alert, "alerts/read"),
            _route(EVENTS, self.events, "events/list"),
            _route(f"{EVENTS}/{{event}}", self.event, "events/read"),
        ]

    def alerts(self, request: Request) -> Answer:
        """The newest first; by level and time."""
        query = fields.of_query(request)
        from_ms, until_ms = query.range_ms("StartDate", "EndDate")
        wanted = alerts.AlertFilter(
            level=query.choice("LogLevel", *LEVELS), from_ms=from_ms, until_ms=until_ms
        )
        return _list(
            request,
            query,
            "alerts",
            alerts.LISTING,
            wanted,
            lambda row: self._alert_view(request, alerts.of_row(row)),
        )

    def alert(self, request: Request, sid: str) -> Answer:
        """One alert with its request and answer."""
        own = asker(request).account.sid

        def query(tx: Tx) -> Response:
            found = alerts.find(tx, sid)
            if found is None or found.account_sid != own:
                raise _not_found("alert", sid)
            view, exchange = self._alert_view(request, found), found.exchange
            view.request_variables = urlencode(exchange.variables) or None
            view.request_headers = urlencode(exchange.headers) or None
            view.response_headers = urlencode(exchange.response_headers) or None
            view.response_body = exchange.response_body or None
            return answer(view)

        return Read(query)

    def events(self, request: Request) -> Answer:
        """The newest first; by actor, kind, resource, address and time."""
        query = fields.of_query(request)
        from_ms, until_ms = query.range_ms("StartDate", "EndDate")
        wanted = audit.AuditFilter(
            actor_sid=query.sid("ActorSid", "US", "AC"),
            event_type=query.text("EventType"),
            resource_sid=_any_sid(query, "ResourceSid"),
            address=query.text("SourceIpAddress"),
            from_ms=from_ms,
            until_ms=until_ms,
        )
        return _list(
            request,
            query,
            "events",
            audit.LISTING,
            wanted,
            lambda row: self._event_view(request, audit.of_row(row)),
        )

    def event(self, request: Request, sid: str) -> Answer:
        """One audit event."""
        own = asker(request).account.sid

        def query(tx: Tx) -> Response:
            found = audit.find(tx, sid)
            if found is None or found.account_sid != own:
                raise _not_found("event", sid)
            return answer(self._event_view(request, found))

        return Read(query)

    # Views.

    def _alert_view(self, request: Request, alert: Alert) -> AlertView:
        return AlertView(
            sid=alert.sid,
            account_sid=alert.account_sid,
            alert_text=alert.whole_text,
            api_version=alert.api_version,
            date_created=iso_s(alert.at_ms),
            date_generated=iso_s(alert.at_ms),
            date_updated=iso_s(alert.updated_ms),
            error_code=str(alert.code),
            log_level=alert.level,
            more_info=f"{self._public_url or request.origin}/errors/{alert.code}",
            request_method=alert.exchange.method,
            request_url=alert.exchange.url,
            resource_sid=alert.resource_sid,
            service_sid=alert.service_sid,
            url=f"{request.base}/v1/Alerts/{alert.sid}",
        )

    def _event_view(self, request: Request, event: AuditEvent) -> EventView:
        actor = None
        if event.actor_sid is not None:
            actor = f"{_base(request, 'api')}/2010-04-01/Accounts/{event.actor_sid}"
        return EventView(
            sid=event.sid,
            account_sid=event.account_sid,
            actor_sid=event.actor_sid,
            actor_type=event.actor_type,
            description=event.description,
            event_data={"resource_properties": Raw(event.properties.encode())},
            event_date=iso_s(event.at_ms),
            event_type=event.event_type,
            resource_sid=event.resource_sid,
            resource_type=event.resource_type,
            source=event.source,
            source_ip_address=event.address,
            url=f"{request.base}/v1/Events/{event.sid}",
            links={"actor": actor, "resource": self._resource_url(request, event)},
        )

    def _resource_url(self, request: Request, event: AuditEvent) -> str | None:
        """Where the resource is, or was; None for what REST does not have."""
        sid = event.resource_sid
        accounts = f"{_base(request, 'api')}/2010-04-01/Accounts"
        match event.resource_type:
            case "account":
                return f"{accounts}/{sid}"
            case "key":
                return f"{accounts}/{event.account_sid}/Keys/{sid}"
            case "service":
                service = self._directory.service(sid)
                product = "sync" if service is not None and service.product == SYNC else "conversations"
                return f"{_base(request, product)}/v1/Services/{sid}"
            case _:
                return None


def _list(
    request: Request,
    query: Fields,
    key: str,
    listing: Listing,
    wanted: msgspec.Struct,
    view: Callable[[Row], object],
) -> Answer:
    """A page of the rows of the caller's account that are wanted."""
    asked = paging.asked(request, query, rows_max=ROWS_MAX)
    place = asked.place
    where, params = journal.selected(asker(request).account.sid, wanted)

    def read(tx: Tx) -> Response:
        rows = slice_at(tx, listing, where, params, place, asked.size)
        return paging.page(asked, key, [view(row) for row in rows.rows], rows)

    return Read(read)


def _any_sid(query: Fields, name: str) -> str | None:
    text = query.text(name)
    if text is not None and not is_sid(text):
        raise ApiError(400, 20423, f"Invalid SID: {name} is two letters and 32 hex digits, not {shown(text)}")
    return text


def _base(request: Request, product: str) -> str:
    """What URLs of another product begin with, for whoever asked this one."""
    scheme, _, rest = request.base.partition("://")
    is_named_by_host = rest.startswith("monitor.") and "/" not in rest
    return f"{scheme}://{product}{rest[7:]}" if is_named_by_host else f"{request.origin}/{product}"


def _not_found(what: str, sid: str) -> ApiError:
    return not_found(
        f"the account has no {what} {shown(sid)}; old ones go",
    )


def _route(pattern: str, handler: RouteHandler, permission: str) -> Route:
    return Route(Door.HTTP, "GET", pattern, handler, Access.DATA, f"/twilio/monitor/{permission}")
