"""How SDKs are shown Sync objects (`protocol/sync.md`, Bodies): JSON text, with customer data spliced in.

POST replies leave out `data`: JS fills it in from its own request, and Kotlin takes its presence for an
error that it repeats the request for.
"""

from collections.abc import Iterable

from tsock.api.sync.links import Links
from tsock.clock import iso_ms
from tsock.sync.json_text import date_or_null, item_name, text, text_or_null
from tsock.sync.kinds import DOCUMENT, LIST, MAP, STREAM, Kind
from tsock.sync.models import Item, Root


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
    """A page of items; clients look only at whether a token is null."""
    return (
        f'{{"items":[{_joined(rows, kind, links)}],"meta":{{"key":"items","page_size":{page_size},'
        f'"previous_token":{text_or_null(previous)},"next_token":{text_or_null(following)}}}}}'
    ).encode()


def _item(row: Item, kind: Kind, links: Links, *, with_data: bool) -> str:
    data = f'"data":{row.data},' if with_data else ""
    return (
        f'{{{item_name(row.key)},"{kind.name}_sid":"{row.object_sid}","account_sid":"{links.account_sid}",'
        f'"service_sid":"{links.service_sid}","url":"{links.item(kind, row)}",'
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
