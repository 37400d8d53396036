"""The event of each change, member for member (`protocol/sync.md`, Events).

Bodies are joined from text, not built and encoded: customer data stays as it was received, and this runs for
every write. Names and keys are the only parts that need escaping.
"""

from tsock.clock import iso_ms
from tsock.events import Event, Origin
from tsock.sync.data import Json
from tsock.sync.json_text import date_or_null, item_name, text
from tsock.sync.kinds import KIND_OF_PREFIX, STREAM
from tsock.sync.models import Item, Root

CDS_HOST = "cds.us1.twilio.com"
"""Host of every `item_url`. It is never dialled and requests are routed by path, so one body
serves the subscribers of every region."""


def document_updated(root: Root, origin: Origin | None) -> Event:
    """The document's current state; `root` carries its data."""
    number = root.last_event_id
    body = (
        f'{{"id":{number},"document_sid":"{root.sid}"{_named(root)},"document_revision":"{number:x}",'
        f'"document_data":{root.data},"date_created":"{iso_ms(root.date_updated_ms)}",'
        f'"date_expires":{date_or_null(root.date_expires_ms)}}}'
    )
    return _event(root, number, "document_updated", body, origin)


def item_added(root: Root, item: Item, origin: Origin | None) -> Event:
    """A fresh item, by whichever way it came."""
    return _item_set("added", root, item, origin)


def item_updated(root: Root, item: Item, origin: Origin | None) -> Event:
    """New data or a new time to live of an item."""
    return _item_set("updated", root, item, origin)


def item_removed(root: Root, item: Item, origin: Origin | None) -> Event:
    """The end of an item, by request or by expiry, with its last data."""
    number = item.last_event_id
    body = (
        f'{{"id":{number},{_whose_item(root, item)},"item_revision":"{number:x}","item_data":{item.data},'
        f'"date_created":"{iso_ms(item.date_updated_ms)}"}}'
    )
    return _event(root, number, f"{root.kind.name}_item_removed", body, origin)


def context_updated(root: Root, origin: Origin | None) -> Event:
    """The current context of a list; `root` carries it."""
    number = root.context_event_id
    body = (
        f'{{"id":{number},"list_sid":"{root.sid}"{_named(root)},"list_revision":"{number + 1:x}",'
        f'"context_data":{root.data},"date_created":"{iso_ms(root.date_updated_ms)}"}}'
    )
    return _event(root, number, "list_context_updated", body, origin)


def message_published(root: Root, message_sid: str, data: Json, at_ms: int, origin: Origin | None) -> Event:
    """One message of a stream."""
    body = (
        f'{{"stream_sid":"{root.sid}"{_named(root)},"message_sid":"{message_sid}","message_data":{data},'
        f'"date_created":"{iso_ms(at_ms)}"}}'
    )
    return _event(root, None, "stream_message_published", body, origin)


def root_removed(root: Root, origin: Origin | None) -> Event:
    """The end of a root, by request or by expiry; its counter already counts this."""
    kind = root.kind
    number = None if kind is STREAM else root.last_event_id
    numbered = "" if number is None else f'"id":{number},'
    body = (
        f'{{{numbered}"{kind.name}_sid":"{root.sid}"{_named(root)},'
        f'"date_created":"{iso_ms(root.date_updated_ms)}"}}'
    )
    return _event(root, number, f"{kind.name}_removed", body, origin, final=True)


def root_gone(sid: str, number: int, at_ms: int) -> Event:
    """The end of a root of which nothing is left to tell more of; clients look at the SID alone."""
    kind = KIND_OF_PREFIX[sid[:2]]
    seq = None if kind is STREAM else number
    numbered = "" if seq is None else f'"id":{seq},'
    body = f'{{{numbered}"{kind.name}_sid":"{sid}","date_created":"{iso_ms(at_ms)}"}}'
    return Event(sid, "", seq, f"{kind.name}_removed", kind.message_type, body.encode(), final=True)


def _item_set(change: str, root: Root, item: Item, origin: Origin | None) -> Event:
    kind, number = root.kind, item.last_event_id
    items = f"https://{CDS_HOST}/v3/Services/{root.service_sid}/{kind.segment}/{root.sid}/Items"
    body = (
        f'{{"id":{number},{_whose_item(root, item)},"item_url":"{items}/{item.segment}",'
        f'"item_revision":"{number:x}",'
        f'"item_data":{item.data},"date_created":"{iso_ms(item.date_updated_ms)}",'
        f'"date_expires":{date_or_null(item.date_expires_ms)}}}'
    )
    return _event(root, number, f"{kind.name}_item_{change}", body, origin)


def _event(
    root: Root, number: int | None, name: str, body: str, origin: Origin | None, *, final: bool = False
) -> Event:
    message_type = root.kind.message_type
    return Event(root.sid, root.service_sid, number, name, message_type, body.encode(), origin, final)


def _whose_item(root: Root, item: Item) -> str:
    name, named = root.kind.name, item_name(item.key, "item_")
    return f'"{name}_sid":"{root.sid}"{_named(root)},"{name}_revision":"{item.last_event_id + 1:x}",{named}'


def _named(root: Root) -> str:
    if root.unique_name is None:
        return ""
    return f',"{root.kind.name}_unique_name":{text(root.unique_name)}'
