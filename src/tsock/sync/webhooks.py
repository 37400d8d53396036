"""The webhook of each change, put into the outbox by the rule that makes it (`docs/reference/webhooks.md`).

Only what an actor with a `webhook_url` does is told. What happens by itself, such as an expiry, is nobody's
doing and has no webhook; nor have streams, the context of a list and the time to live of a collection.
"""

from typing import Literal

from tsock.storage.store import Tx
from tsock.sync.actor import Actor
from tsock.sync.kinds import DOCUMENT, STREAM
from tsock.sync.models import Item, Root
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Post


def of_root(tx: Tx, actor: Actor, change: Literal["created", "updated", "removed"], root: Root) -> None:
    """Tell what `actor` did to a document, list or map; of a document that is still there with its data."""
    if actor.webhook_url is None or root.kind is STREAM:
        return
    data = root.data if root.kind is DOCUMENT and change != "removed" else None
    _put(tx, actor, f"{root.kind.name}_{change}", root.sid, _root(root) | {"DocumentData": data})


def of_item(
    tx: Tx, actor: Actor, change: Literal["added", "updated", "removed"], root: Root, item: Item
) -> None:
    """Tell what `actor` did to an item; of one that is still there with its data."""
    if actor.webhook_url is None:
        return
    own = {
        "EventId": str(item.last_event_id),
        "ItemIndex" if isinstance(item.key, int) else "ItemKey": str(item.key),
        "ItemRevision": item.revision,
        "ItemData": None if change == "removed" else item.data,
    }
    _put(tx, actor, f"{root.kind.name}_item_{change}", root.sid, _root(root) | own)


def of_endpoint(tx: Tx, actor: Actor, change: Literal["connected", "disconnected"]) -> None:
    """Tell of an endpoint of `actor` that came or went; what concerns one identity stays in order."""
    if actor.webhook_url is None:
        return
    _put(tx, actor, f"endpoint_{change}", f"{actor.service_sid}/{actor.identity}", {})


def _root(root: Root) -> dict[str, str | None]:
    title = root.kind.title
    return {
        f"{title}Sid": root.sid,
        f"{title}UniqueName": root.unique_name,
        f"{title}Revision": root.revision,
    }


def _put(tx: Tx, actor: Actor, event_type: str, topic: str, own: dict[str, str | None]) -> None:
    """Deliver the parameters that have a value, `own` and those of every event."""
    assert actor.webhook_url is not None
    common = {
        "AccountSid": actor.account_sid,
        "ServiceSid": actor.service_sid,
        "EventType": event_type,
        "Identity": actor.identity,
        "EndpointId": actor.endpoint_id,
    }
    parameters = {name: value for name, value in (common | own).items() if value is not None}
    outbox.put(
        tx,
        Post(
            account_sid=actor.account_sid,
            service_sid=actor.service_sid,
            kind="sync",
            event_type=event_type,
            topic=topic,
            url=actor.webhook_url,
            parameters=parameters,
        ),
    )
