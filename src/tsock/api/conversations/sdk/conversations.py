"""What the SDKs ask of conversations, and of their own part in them."""

from typing import Any, Literal, cast

import msgspec
from msgspec import UNSET

from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.sdk import bodies
from tsock.api.conversations.sdk.paging import page, position
from tsock.api.conversations.sdk.request import CommandBody, once, read_body
from tsock.api.conversations.sdk.scope import ChatScope, RouteEntry, in_service, service_url
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.conversations import conversations, memberships, objects, read_marks, refusals, tables, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.conversations import ConversationChange, Opened
from tsock.conversations.memberships import Membership
from tsock.conversations.models import ConversationData, MembershipData
from tsock.conversations.tables import Conversation
from tsock.errors import ApiError
from tsock.ids import is_sid
from tsock.storage.store import Tx

OF_FIRST_GENERATION = "/Users/{user}/Channels"
"""Where clients of the first generation find the caller's own."""


class ConversationHandlers:
    """Create, look up, change, delete; list one's own, mark as read, mute."""

    def __init__(self, scope: ChatScope, pre_hooks: PreHooks, page_size: int) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks
        self._page_size = page_size

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        own = "/Users/{user}/Conversations"
        table: list[RouteEntry] = [
            ("POST", "/Conversations", self.create),
            ("GET", "/Conversations/{conversation}", self.fetch),
            ("POST", "/Conversations/{conversation}", self.change),
            ("DELETE", "/Conversations/{conversation}", self.remove),
            ("GET", own, self.own),
        ]
        for one in (f"{own}/{{conversation}}", f"{OF_FIRST_GENERATION}/{{conversation}}"):
            table += [("GET", one, self.fetch_own), ("POST", one, self.change_own)]
        return in_service(table)

    def create(self, request: Request) -> Answer:
        """A new conversation, which nobody takes part in yet."""
        actor = self._scope.actor(request)
        change = _change(read_body(request))
        place = service_url(request, actor)

        def rule(tx: Tx, actor: ChatActor, change: ConversationChange) -> tuple[Response, str]:
            opened = conversations.create(tx, actor, change)
            return answer(_shown(tx, actor, place, opened), 201), f"{place}/Conversations/{opened.row.sid}"

        return self._pre_hooks.answer(actor, "onConversationAdd", "", change, once(request, rule))

    def fetch(self, request: Request, sid: str) -> Answer:
        """Peek at one, or count what is in it."""
        actor = self._scope.actor(request)
        place = service_url(request, actor)

        def query(tx: Tx) -> Response:
            opened = conversations.fetch(tx, actor, sid)
            if opened.own is not None:
                objects.note(tx, users.find(tx, actor, actor.identity).conversations_sid)
            return answer(_shown(tx, actor, place, opened))

        return Read(query)

    def change(self, request: Request, sid: str) -> Answer:
        """Set names or attributes."""
        actor = self._scope.actor(request)
        change = _change(read_body(request))
        place = service_url(request, actor)

        def rule(tx: Tx, actor: ChatActor, change: ConversationChange) -> tuple[Response, str]:
            opened = conversations.update(tx, actor, sid, change)
            return answer(_shown(tx, actor, place, opened)), f"{place}/Conversations/{opened.row.sid}"

        return self._pre_hooks.answer(actor, "onConversationUpdate", sid, change, once(request, rule))

    def remove(self, request: Request, sid: str) -> Answer:
        """Delete a conversation."""
        actor = self._scope.actor(request)

        def rule(tx: Tx, actor: ChatActor, _: None) -> tuple[Response, None]:
            conversations.remove(tx, actor, sid)
            return Response(204), None

        return self._pre_hooks.answer(actor, "onConversationRemove", sid, None, once(request, rule))

    def own(self, request: Request, user_sid: str) -> Answer:
        """The caller's conversations, a page of them by SID."""
        actor = self._scope.actor(request)
        after, size = position(request, "CH", self._page_size)

        def query(tx: Tx) -> Response:
            user = itself(tx, actor, user_sid)
            objects.note(tx, user.conversations_sid)
            found, last = memberships.page(tx, actor, user, after, size)
            rows = [bodies.listed(membership) for membership in found]
            return page("conversations", rows, last)

        return Read(query)

    def fetch_own(self, request: Request, user_sid: str, name: str) -> Answer:
        """One of the caller's, by SID or unique name, with what it has not read."""
        actor = self._scope.actor(request)
        place = service_url(request, actor)

        def query(tx: Tx) -> Response:
            objects.note(tx, itself(tx, actor, user_sid).conversations_sid)
            row = conversations.find(tx, actor, name)
            membership = memberships.find(tx, actor, actor.identity, row)
            return answer(_of_own(tx, actor, place, membership))

        return Read(query)

    def change_own(self, request: Request, user_sid: str, name: str) -> Answer:
        """Set how far the caller has read, or whether it is notified."""
        actor = self._scope.actor(request)
        body = read_body(request)
        place = service_url(request, actor)
        mark = body.last_read_message_index
        if mark is UNSET:
            mark = body.last_consumed_message_index
        if mark is not UNSET and mark is not None and type(mark) is not int:
            raise refusals.bad_index()
        level = body.notification_level
        if mark is UNSET and level is UNSET:
            raise refusals.nothing_to_change()

        def rule(tx: Tx, actor: ChatActor, _: None) -> tuple[Response, str]:
            user = itself(tx, actor, user_sid)
            membership: Membership | None = None
            if mark is not UNSET:
                membership = memberships.set_read_mark(tx, actor, actor.identity, name, mark)
            if level is not UNSET:
                membership = memberships.set_notification_level(tx, actor, actor.identity, name, level)
            assert membership is not None
            url = f"{place}/Users/{user.sid}/Conversations/{membership.row.sid}"
            return answer(_of_own(tx, actor, place, membership)), url

        carry_out = once(request, rule)
        return Write(lambda tx: carry_out(tx, actor, None), about=name)


def itself(tx: Tx, actor: ChatActor, user_sid: str) -> tables.User:
    """The caller, whose own paths name it, or who it was before it was deleted and made anew.

    Clients learn these paths once, and keep them.

    Raises:
        ApiError: 50200, they name another user.
    """
    user = users.find(tx, actor, actor.identity)
    if user_sid in (user.sid, user.identity):
        return user
    if not is_sid(user_sid) or tables.user_by_sid(tx, actor.service_sid, user_sid) is not None:
        raise refusals.user_not_found(user_sid)
    return user


def _change(body: CommandBody) -> ConversationChange:
    kind = body.type
    if kind is UNSET or kind is None:
        kind = UNSET
    elif kind not in ("public", "private"):
        raise ApiError(400, 20422, "Invalid Parameter: type is public or private")
    return ConversationChange(
        friendly_name=body.friendly_name,
        unique_name=body.unique_name,
        attributes=body.attributes,
        type=cast("Literal['public', 'private'] | msgspec.UnsetType", kind),
    )


def _shown(tx: Tx, actor: ChatActor, place: str, opened: Opened) -> dict[str, Any]:
    membership = None
    if opened.own is not None:
        membership = memberships.find(tx, actor, actor.identity, opened.row)
    own = None if membership is None else membership.own
    return whole(tx, actor, place, opened.row, opened.data, own)


def _of_own(tx: Tx, actor: ChatActor, place: str, membership: Membership) -> dict[str, Any]:
    row = membership.row
    return whole(tx, actor, place, row, conversations.data_of(tx, row), membership.own)


def whole(
    tx: Tx,
    actor: ChatActor,
    place: str,
    row: Conversation,
    data: ConversationData,
    own: MembershipData | None,
) -> dict[str, Any]:
    """A conversation with what is counted in it; `own` is what the caller's map says of it."""
    unread = None
    if own is not None:
        mark = own.last_consumed_message_index
        unread = read_marks.unread(tx, row, mark, actor.limits.unread_max)
    return bodies.conversation(
        actor,
        place,
        row,
        data,
        own,
        unread=unread,
        participants=objects.read(tx, row.roster_sid).item_count,
        messages=objects.read(tx, row.messages_sid).item_count,
    )
