"""A user's own conversations over REST (`protocol/rest.md`, Users)."""

from msgspec import UNSET

from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import Links, RestScope, links
from tsock.api.conversations.rest.users import ROWS_MAX
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.router import Route
from tsock.conversations import conversations, memberships, participants, read_marks, refusals, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.memberships import Membership
from tsock.conversations.tables import User
from tsock.storage.store import Tx


class UserConversationHandlers:
    """List, fetch, change, leave; for the user that the path names."""

    def __init__(self, scope: RestScope, pre_hooks: PreHooks) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Users/{user}/Conversations"
        one = f"{many}/{{conversation}}"
        return [
            *in_service("GET", many, self.every, "user-conversations/list"),
            *in_service("GET", one, self.fetch, "user-conversations/read"),
            *in_service("POST", one, self.change, "user-conversations/update"),
            *in_service("DELETE", one, self.leave, "user-conversations/delete"),
        ]

    def every(self, request: Request, service: str | None, name: str) -> Answer:
        """A page of a user's conversations, in the order of their SIDs."""
        actor = self._scope.actor(request, service)
        asked = paging.asked(request, fields.of_query(request), rows_max=ROWS_MAX)
        place, shown = asked.place_by_name, links(request, actor, service)

        def query(tx: Tx) -> Response:
            user = users.find(tx, actor, name)
            found, rows = memberships.page_of_all(tx, actor, user, place, asked.size)
            records = [_shown(tx, actor, shown, user, membership) for membership in found]
            return paging.page(asked, "conversations", records, rows)

        return Read(query)

    def fetch(self, request: Request, service: str | None, name: str, conversation: str) -> Answer:
        """One of them."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            user = users.find(tx, actor, name)
            membership = memberships.named(tx, actor, user, conversation)
            return answer(_shown(tx, actor, shown, user, membership))

        return Read(query)

    def change(self, request: Request, service: str | None, name: str, conversation: str) -> Answer:
        """Set how far a user has read, or whether it is notified."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        level, mark = form.text("NotificationLevel"), given.read_mark(form)
        read_ms = form.moment_ms("LastReadTimestamp")
        if level is None and mark is UNSET and read_ms is None:
            raise refusals.nothing_to_change()
        if level is not None and level not in ("default", "muted"):
            raise refusals.bad_level()
        shown = links(request, actor, service)

        def rule(tx: Tx) -> Response:
            user = users.find(tx, actor, name)
            memberships.named(tx, actor, user, conversation)
            if mark is not UNSET:
                memberships.set_read_mark(tx, actor, user.identity, conversation, mark, at_ms=read_ms)
            elif read_ms is not None:
                memberships.set_read_date(tx, actor, user.identity, conversation, read_ms)
            if level is not None:
                memberships.set_notification_level(tx, actor, user.identity, conversation, level)
            return answer(_shown(tx, actor, shown, user, memberships.named(tx, actor, user, conversation)))

        return Write(rule, about=conversation)

    def leave(self, request: Request, service: str | None, name: str, conversation: str) -> Answer:
        """Take a user out of a conversation."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx, actor: ChatActor, _: None) -> Response:
            user = users.find(tx, actor, name)
            memberships.named(tx, actor, user, conversation)
            participants.remove(tx, actor, conversation, user.identity)
            return Response(204)

        return self._pre_hooks.answer(actor, "onParticipantRemove", conversation, None, rule)


def _shown(tx: Tx, actor: ChatActor, shown: Links, user: User, found: Membership) -> bodies.Body:
    mark = found.own.last_consumed_message_index
    unread = read_marks.unread(tx, found.row, mark, actor.limits.unread_max)
    data = conversations.data_of(tx, found.row)
    return bodies.user_conversation(shown, user, found, data, unread)
