"""Publishing to a stream, through whichever door."""

from collections.abc import Callable, Sequence

from tsock.api.request import Read, Response
from tsock.events import Event
from tsock.sync import streams
from tsock.sync.actor import Actor
from tsock.sync.data import Json

Publish = Callable[[Sequence[Event]], None]
"""Hands events that are not stored to their subscribers."""


def publishing(actor: Actor, sid_or_name: str, content: Json, publish: Publish) -> Read:
    """Answer with the message that whoever is subscribed now gets; nothing is stored, so a query will do."""

    def announce(message: streams.Message) -> Response:
        publish([message.event])
        return Response(201, f'{{"sid":"{message.sid}","data":{content}}}'.encode())

    return Read(lambda tx: streams.publish(tx, actor, sid_or_name, content), announce)
