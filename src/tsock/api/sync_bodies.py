"""How the client API shows Sync objects (`sync.md` 2.4): JSON text, with customer data spliced in.

POST replies leave out `data`: JS fills it in from its own request, and Kotlin takes its presence for an
error that it repeats the request for.
"""

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from tsock.clock import iso_ms
from tsock.sync.json_text import date_or_null, text, text_or_null
from tsock.sync.kinds import DOCUMENT, LIST, MAP, STREAM, Kind
from tsock.sync.models import Item, Root


class Links(msgspec.Struct, frozen=True, gc=False):
    """Where an actor's objects are: every `url` and `links` member is absolute (`sync.md` 0.2)."""

    account_sid: str
    service_sid: str
    host: str
    """Scheme and host, such as `https://cds.us1.twilio.com`."""

    @property
    def service(self) -> str:
        """What the URLs of a service's objects begin with."""
        return f"{self.host}/v3/Services/{self.service_sid}"

    def of(self, kind: Kind, sid: str) -> str:
        """The URL of a root, by its SID."""
        return f"{self.service}/{kind.segment}/{sid}"


def root(row: Root, links: Links, *, with_data: bool = False, items: Iterable[Item] | None = None) -> bytes:
    """A root's descriptor; `items` are embedded in that of a map."""
    kind = row.kind
    url = links.of(kind, row.sid)
    counted = "" if kind is STREAM else f'"revision":"{row.revision}","last_event_id":{row.last_event_id},'
    data = f'"data":{row.data},' if with_data and kind is DOCUMENT else ""
    embedded = "" if items is None else f',"items":[{_joined(items, kind, links)}]'
    return (
        f'{{"sid":"{row.sid}","unique_name":{text_or_null(row.unique_name)},'
        f'"account_sid":"{links.account_sid}","service_sid":"{links.service_sid}","url":"{url}",'
        f"{counted}{data}{_dates(row)},"
        f'"links":{{{_links(row, url)}}}{embedded}}}'
    ).encode()


def item(row: Item, kind: Kind, links: Links, *, with_data: bool) -> bytes:
    """One item of a list or map."""
    return _item(row, kind, links, with_data=with_data).encode()


def page(
    rows: Iterable[Item],
    kind: Kind,
    links: Links,
    page_size: int,
    previous: str | None,
    following: str | None,
) -> bytes:
    """A page of items; clients look only at whether a token is null (`sync.md` 2.5)."""
    return (
        f'{{"items":[{_joined(rows, kind, links)}],"meta":{{"key":"items","page_size":{page_size},'
        f'"previous_token":{text_or_null(previous)},"next_token":{text_or_null(following)}}}}}'
    ).encode()


def _item(row: Item, kind: Kind, links: Links, *, with_data: bool) -> str:
    if isinstance(row.key, int):
        named, segment = f'"index":{row.key}', str(row.key)
    else:
        named, segment = f'"key":{text(row.key)}', quote(row.key, safe="")
    data = f'"data":{row.data},' if with_data else ""
    return (
        f'{{{named},"{kind.name}_sid":"{row.object_sid}","account_sid":"{links.account_sid}",'
        f'"service_sid":"{links.service_sid}","url":"{links.of(kind, row.object_sid)}/Items/{segment}",'
        f'"revision":"{row.revision}","last_event_id":{row.last_event_id},{data}{_dates(row)}}}'
    )


def _joined(rows: Iterable[Item], kind: Kind, links: Links) -> str:
    return ",".join(_item(row, kind, links, with_data=True) for row in rows)


def _links(row: Root, url: str) -> str:
    kind = row.kind
    if kind is LIST:
        return f'"items":"{url}/Items","context":"{url}/Context"'
    if kind is MAP:
        return f'"items":"{url}/Items"'
    return f'"messages":"{url}/Messages"' if kind is STREAM else ""


def _dates(row: Root | Item) -> str:
    return (
        f'"date_created":"{iso_ms(row.date_created_ms)}","date_updated":"{iso_ms(row.date_updated_ms)}",'
        f'"date_expires":{date_or_null(row.date_expires_ms)},"created_by":{text(row.created_by)}'
    )
