"""Conversations over REST (`protocol/rest.md`, Conversations and their timers)."""

from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Read, Request, Response, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.conversations import conversations
from tsock.conversations.actor import ChatActor
from tsock.conversations.conversations import NO_CHANGE, ConversationChange, Range
from tsock.errors import ApiError
from tsock.storage.store import Tx


class ConversationHandlers:
    """Create, list, fetch, change, delete; one is named by SID or unique name."""

    def __init__(self, scope: RestScope, pre_hooks: PreHooks) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many, one = "/Conversations", "/Conversations/{conversation}"
        return [
            *in_service("POST", many, self.create, "conversations/create"),
            *in_service("GET", many, self.every, "conversations/list"),
            *in_service("GET", one, self.fetch, "conversations/read"),
            *in_service("POST", one, self.change, "conversations/update"),
            *in_service("DELETE", one, self.remove, "conversations/delete"),
        ]

    def create(self, request: Request, service: str | None) -> Answer:
        """A new conversation."""
        actor = self._scope.actor(request, service)
        change = given.conversation(fields.of_form(request))
        shown = links(request, actor, service)

        def rule(tx: Tx, actor: ChatActor, change: ConversationChange) -> Response:
            opened = conversations.create(tx, actor, change)
            return answer(bodies.conversation(shown, opened.row, opened.data), 201)

        return self._pre_hooks.answer(actor, "onConversationAdd", "", change, rule)

    def every(self, request: Request, service: str | None) -> Answer:
        """A page of the conversations, the oldest first."""
        actor = self._scope.actor(request, service)
        query = fields.of_query(request)
        span = _range(query)
        asked = paging.asked(request, query, rows_max=actor.limits.page_rows_max)
        place, shown = asked.place, links(request, actor, service)

        def read(tx: Tx) -> Response:
            found, rows = conversations.page(tx, actor, span, place, asked.size)
            records = [bodies.conversation(shown, row, data) for row, data in found]
            return paging.page(asked, "conversations", records, rows)

        return Read(read)

    def fetch(self, request: Request, service: str | None, name: str) -> Answer:
        """One conversation."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            opened = conversations.fetch(tx, actor, name)
            return answer(bodies.conversation(shown, opened.row, opened.data))

        return Read(query)

    def change(self, request: Request, service: str | None, name: str) -> Answer:
        """Set what is given."""
        actor = self._scope.actor(request, service)
        change = given.conversation(fields.of_form(request))
        if change == NO_CHANGE:
            raise ApiError(400, 50347, "Parameters are missing for channel update request: expected one")
        shown = links(request, actor, service)

        def rule(tx: Tx, actor: ChatActor, change: ConversationChange) -> Response:
            opened = conversations.update(tx, actor, name, change)
            return answer(bodies.conversation(shown, opened.row, opened.data))

        return self._pre_hooks.answer(actor, "onConversationUpdate", name, change, rule)

    def remove(self, request: Request, service: str | None, name: str) -> Answer:
        """End a conversation with all that it holds."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx, actor: ChatActor, _: None) -> Response:
            conversations.remove(tx, actor, name)
            return Response(204)

        return self._pre_hooks.answer(actor, "onConversationRemove", name, None, rule)


def _range(query: Fields) -> Range:
    """What the filters say.

    Raises:
        ApiError: 20422 no dates; 50378 no state; 50396 the end lies before the start.
    """
    start_ms, end_ms = query.range_ms("StartDate", "EndDate")
    if start_ms is not None and end_ms is not None and end_ms < start_ms:
        raise ApiError(
            400, 50396, "EndDate parameter should be greater than StartDate parameter: the span is empty"
        )
    return Range(given.state(query), start_ms, end_ms)
