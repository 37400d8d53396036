"""What the SDKs ask of messages: send, change, remove. History is read from the Sync list."""

from msgspec import UNSET

from tsock.api.conversations.contents import Contents
from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.sdk import bodies
from tsock.api.conversations.sdk.request import once, read_body
from tsock.api.conversations.sdk.scope import ChatScope, RouteEntry, in_service, service_url
from tsock.api.request import Answer, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.conversations import messages, objects
from tsock.conversations.actor import ChatActor
from tsock.conversations.messages import MessageChange, NewMessage
from tsock.storage.store import Tx


class MessageHandlers:
    """Messages are named by their SIDs."""

    def __init__(self, scope: ChatScope, pre_hooks: PreHooks, contents: Contents) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks
        self._contents = contents

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Conversations/{conversation}/Messages"
        one = f"{many}/{{message}}"
        table: list[RouteEntry] = [
            ("POST", many, self.send),
            ("GET", one, self.fetch),
            ("POST", one, self.change),
            ("DELETE", one, self.remove),
        ]
        return in_service(table)

    def send(self, request: Request, conversation: str) -> Answer:
        """Send a message; the author is who asks."""
        actor = self._scope.actor(request)
        body = read_body(request)
        new = NewMessage(
            body=None if body.body is UNSET else body.body,
            subject=None if body.subject is UNSET else body.subject,
            attributes="{}" if body.attributes is UNSET else body.attributes,
            media_sids=[body.media_sid] if body.media_sid else body.media_sids,
        )
        place = service_url(request, actor)

        def rule(tx: Tx, actor: ChatActor, new: NewMessage) -> tuple[Response, str]:
            shown = bodies.message(actor, place, messages.send(tx, actor, conversation, new))
            return answer(shown, 201), shown["url"]

        def send(new: NewMessage) -> Answer:
            return self._pre_hooks.answer(actor, "onMessageAdd", conversation, new, once(request, rule))

        return self._contents.sending(actor, new, body.content_sid, body.content_variables, send)

    def fetch(self, request: Request, conversation: str, sid: str) -> Answer:
        """One message."""
        actor = self._scope.actor(request)
        place = service_url(request, actor)

        def query(tx: Tx) -> Response:
            found = messages.fetch(tx, actor, conversation, sid)
            objects.note(tx, found.row.messages_sid)
            return answer(bodies.message(actor, place, found))

        return Read(query)

    def change(self, request: Request, conversation: str, sid: str) -> Answer:
        """Set body, subject or attributes."""
        actor = self._scope.actor(request)
        body = read_body(request)
        change = MessageChange(body=body.body, subject=body.subject, attributes=body.attributes)
        place = service_url(request, actor)

        def rule(tx: Tx, actor: ChatActor, change: MessageChange) -> tuple[Response, str]:
            shown = bodies.message(actor, place, messages.update(tx, actor, conversation, sid, change))
            return answer(shown), shown["url"]

        return self._pre_hooks.answer(actor, "onMessageUpdate", conversation, change, once(request, rule))

    def remove(self, request: Request, conversation: str, sid: str) -> Answer:
        """Remove a message."""
        actor = self._scope.actor(request)

        def rule(tx: Tx, actor: ChatActor, _: None) -> tuple[Response, None]:
            messages.remove(tx, actor, conversation, sid)
            return Response(204), None

        return self._pre_hooks.answer(actor, "onMessageRemove", conversation, None, once(request, rule))
