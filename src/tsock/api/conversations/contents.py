"""Messages from templates of content: what is filled in is a file, stored before the message that has it."""

from collections.abc import AsyncIterator, Callable

from msgspec.structs import replace

from tsock.api.conversations.loose_blobs import LooseBlobs
from tsock.api.request import Answer, Ask
from tsock.conversations import templates
from tsock.conversations.actor import ChatActor
from tsock.conversations.media import Upload
from tsock.conversations.messages import NewMessage
from tsock.conversations.templates import Content
from tsock.errors import ApiError
from tsock.storage.store import Store, fetched

KEPT_MS = 600_000
"""How long a file waits for its message, which follows at once or not at all."""


class Contents:
    """Fills in templates."""

    def __init__(self, store: Store, blobs: LooseBlobs) -> None:
        self._store = store
        self._blobs = blobs

    def sending(
        self,
        actor: ChatActor,
        new: NewMessage,
        sid: str | None,
        variables: str | None,
        send: Callable[[NewMessage], Answer],
    ) -> Answer:
        """Send a message as it is, or with a template filled in, whose text takes the place of the body.

        A message with a template is sent once its file is on the disk: others that its sender does not wait
        for may be before it.

        Raises:
            ApiError: 50528, variables without a template. Later as `templates.render`.
        """
        if not sid:
            if variables:
                raise ApiError(400, 50528, "Content SID is missing: the variables are for a template")
            return send(new)

        async def fill_in() -> NewMessage:
            account_sid = actor.account_sid
            found = await fetched(self._store, lambda tx: templates.render(tx, account_sid, sid, variables))
            blob, size = await self._blobs.put(_whole(found.content), KEPT_MS)
            content = Content(sid, Upload(blob, "body", None, found.content_type, size))
            return replace(new, body=new.body if found.text is None else found.text, content=content)

        return Ask(fill_in, send)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
