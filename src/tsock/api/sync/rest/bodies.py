"""How REST shows Sync objects: JSON text, customer data spliced in, and no member missing."""

from urllib.parse import quote

import msgspec

from tsock.accounts import webhook_urls
from tsock.accounts.records import Service
from tsock.accounts.secrets import Vault
from tsock.api.request import Response
from tsock.api.sync.links import Links
from tsock.clock import iso_s
from tsock.sync.json_text import item_name, text, text_or_null
from tsock.sync.kinds import DOCUMENT, KINDS, LIST, MAP, STREAM, Kind
from tsock.sync.models import Item, Root
from tsock.sync.permissions import Permission
from tsock.sync.services import options_of

_PARTS = {
    DOCUMENT.name: ("Permissions",),
    LIST.name: ("Items", "Permissions"),
    MAP.name: ("Items", "Permissions"),
    STREAM.name: ("Messages",),
}
"""What lies below a root, by the name of its kind."""


class ServiceView(msgspec.Struct):
    """A service, as the published schema has it."""

    sid: str
    unique_name: str | None
    account_sid: str
    friendly_name: str | None
    date_created: str
    date_updated: str
    url: str
    webhook_url: str | None
    webhooks_from_rest_enabled: bool
    reachability_webhooks_enabled: bool
    acl_enabled: bool
    reachability_debouncing_enabled: bool
    reachability_debouncing_window: int
    """Milliseconds."""
    links: dict[str, str]


def service(row: Service, vault: Vault, base: str) -> ServiceView:
    """A service; `vault` opens its webhook URL, `base` is what URLs begin with."""
    url = Links(row.account_sid, row.sid, base, "v1").service
    options = options_of(row)
    return ServiceView(
        sid=row.sid,
        unique_name=row.unique_name,
        account_sid=row.account_sid,
        friendly_name=row.friendly_name,
        date_created=iso_s(row.created_ms),
        date_updated=iso_s(row.updated_ms),
        url=url,
        webhook_url=webhook_urls.shown(vault, row.account_sid, options.webhook_url),
        webhooks_from_rest_enabled=options.webhooks_from_rest_enabled,
        reachability_webhooks_enabled=options.reachability_webhooks_enabled,
        acl_enabled=options.acl_enabled,
        reachability_debouncing_enabled=options.reachability_debouncing_enabled,
        reachability_debouncing_window=options.reachability_debouncing_window_ms,
        links={kind.segment.lower(): f"{url}/{kind.segment}" for kind in KINDS.values()},
    )


def root(row: Root, links: Links) -> bytes:
    """A document with its data, a list, a map or a stream."""
    kind = row.kind
    url = links.of(kind, row.sid)
    parts = ",".join(f'"{part.lower()}":"{url}/{part}"' for part in _PARTS[kind.name])
    revision = "" if kind is STREAM else f'"revision":"{row.revision}",'
    data = f'"data":{row.data},' if kind is DOCUMENT else ""
    return (
        f'{{"sid":"{row.sid}","unique_name":{text_or_null(row.unique_name)},'
        f'"account_sid":"{links.account_sid}","service_sid":"{links.service_sid}","url":"{url}",'
        f'"links":{{{parts}}},{revision}{data}{_dates(row)}}}'
    ).encode()


def item(row: Item, kind: Kind, links: Links) -> bytes:
    """An item of a list or map."""
    return (
        f'{{{item_name(row.key)},"account_sid":"{links.account_sid}","service_sid":"{links.service_sid}",'
        f'"{kind.name}_sid":"{row.object_sid}","url":"{links.item(kind, row)}",'
        f'"revision":"{row.revision}","data":{row.data},{_dates(row)}}}'
    ).encode()


def permission(row: Permission, kind: Kind, links: Links) -> dict[str, object]:
    """What an identity may do with an object."""
    return {
        "account_sid": links.account_sid,
        "service_sid": links.service_sid,
        f"{kind.name}_sid": row.object_sid,
        "identity": row.identity,
        "read": row.read,
        "write": row.write,
        "manage": row.manage,
        "url": f"{links.of(kind, row.object_sid)}/Permissions/{quote(row.identity, safe='')}",
    }


def with_etag(status: int, body: bytes, revision: str | None) -> Response:
    """A body, and the revision that an `If-Match` would name."""
    return Response(status, body, headers={} if revision is None else {"etag": revision})


def _dates(row: Root | Item) -> str:
    expires = "null" if row.date_expires_ms is None else f'"{iso_s(row.date_expires_ms)}"'
    return (
        f'"date_expires":{expires},"date_created":"{iso_s(row.date_created_ms)}",'
        f'"date_updated":"{iso_s(row.date_updated_ms)}","created_by":{text(row.created_by)}'
    )
