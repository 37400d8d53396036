"""Messages over REST (`protocol/rest.md`, Messages)."""

from msgspec import UNSET

from tsock.api.conversations.contents import Contents
from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Read, Request, Response, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.conversations import messages
from tsock.conversations.actor import ChatActor
from tsock.conversations.messages import MessageChange, NewMessage
from tsock.errors import ApiError
from tsock.storage.store import Tx


class MessageHandlers:
    """Send, list, fetch, change, remove."""

    def __init__(self, scope: RestScope, pre_hooks: PreHooks, contents: Contents) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks
        self._contents = contents

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Conversations/{conversation}/Messages"
        one = f"{many}/{{message}}"
        return [
            *in_service("POST", many, self.send, "messages/create"),
            *in_service("GET", many, self.every, "messages/list"),
            *in_service("GET", one, self.fetch, "messages/read"),
            *in_service("POST", one, self.change, "messages/update"),
            *in_service("DELETE", one, self.remove, "messages/delete"),
        ]

    def send(self, request: Request, service: str | None, conversation: str) -> Answer:
        """Send a message in the name of anybody; of the system, where none is given."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        new = _new(form)
        shown = links(request, actor, service)

        def rule(tx: Tx, actor: ChatActor, new: NewMessage) -> Response:
            return answer(bodies.message(shown, messages.send(tx, actor, conversation, new)), 201)

        def send(new: NewMessage) -> Answer:
            return self._pre_hooks.answer(actor, "onMessageAdd", conversation, new, rule)

        sid, variables = form.text("ContentSid"), form.text("ContentVariables")
        return self._contents.sending(actor, new, sid, variables, send)

    def every(self, request: Request, service: str | None, conversation: str) -> Answer:
        """A page of the messages in the order of their indexes, or against it."""
        actor = self._scope.actor(request, service)
        query = fields.of_query(request)
        descending = query.choice("Order", "asc", "desc") == "desc"
        asked = paging.asked(request, query, rows_max=actor.limits.page_rows_max)
        place, shown = asked.place, links(request, actor, service)

        def read(tx: Tx) -> Response:
            found, rows = messages.page(tx, actor, conversation, place, asked.size, descending=descending)
            records = [bodies.message(shown, message) for message in found]
            return paging.page(asked, "messages", records, rows)

        return Read(read)

    def fetch(self, request: Request, service: str | None, conversation: str, sid: str) -> Answer:
        """One message."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            return answer(bodies.message(shown, messages.fetch(tx, actor, conversation, sid)))

        return Read(query)

    def change(self, request: Request, service: str | None, conversation: str, sid: str) -> Answer:
        """Set what is given."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        change = MessageChange(
            body=given.text(form, "Body"),
            subject=given.text(form, "Subject"),
            attributes=given.text(form, "Attributes"),
            author=form.text("Author") or UNSET,
            **given.dates(form),
        )
        shown = links(request, actor, service)

        def rule(tx: Tx, actor: ChatActor, change: MessageChange) -> Response:
            return answer(bodies.message(shown, messages.update(tx, actor, conversation, sid, change)))

        return self._pre_hooks.answer(actor, "onMessageUpdate", conversation, change, rule)

    def remove(self, request: Request, service: str | None, conversation: str, sid: str) -> Answer:
        """Remove a message."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx, actor: ChatActor, _: None) -> Response:
            messages.remove(tx, actor, conversation, sid)
            return Response(204)

        return self._pre_hooks.answer(actor, "onMessageRemove", conversation, None, rule)


def _new(form: Fields) -> NewMessage:
    body, media_sid = form.text("Body"), form.sid("MediaSid", "ME")
    if not body and not form.text("ContentSid") and media_sid is None:
        raise ApiError(400, 50503, "Message body not provided: expected Body, MediaSid or ContentSid")
    return NewMessage(
        body=body,
        subject=form.text("Subject"),
        attributes=form.text("Attributes") or "{}",
        media_sids=() if media_sid is None else (media_sid,),
        author=form.text("Author") or None,
        **given.dates(form),
    )
