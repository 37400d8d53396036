"""Publishing to a stream, through whichever door."""

from tsock.api.request import Read, Response
from tsock.storage.store import Tx
from tsock.sync import streams
from tsock.sync.actor import Actor
from tsock.sync.data import Json


def publishing(actor: Actor, sid_or_name: str, content: Json) -> Read:
    """Answer with the message that whoever is subscribed now gets; nothing is stored, so a query will do."""

    def query(tx: Tx) -> Response:
        sid = streams.publish(tx, actor, sid_or_name, content)
        return Response(201, f'{{"sid":"{sid}","data":{content}}}'.encode())

    return Read(query)
