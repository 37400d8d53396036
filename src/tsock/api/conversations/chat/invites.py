"""Invitations to channels, over REST; `conversations/v1` knows none."""

from tsock.api.conversations.chat.route import IN_SERVICE, route
from tsock.api.conversations.rest.scope import RestScope
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.router import Route
from tsock.clock import iso_s
from tsock.conversations import invites
from tsock.conversations.actor import ChatActor
from tsock.conversations.invite_tables import Invite
from tsock.storage.store import Tx


class InviteHandlers:
    """Invite, list, fetch, take back; one is named by SID or identity."""

    def __init__(self, scope: RestScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = f"{IN_SERVICE}/Channels/{{channel}}/Invites"
        one = f"{many}/{{invite}}"
        return [
            route("POST", many, self.invite, "invites/create"),
            route("GET", many, self.every, "invites/list"),
            route("GET", one, self.fetch, "invites/read"),
            route("DELETE", one, self.withdraw, "invites/delete"),
        ]

    def invite(self, request: Request, service: str, channel: str) -> Answer:
        """Invite an identity."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        identity, role_sid = form.text("Identity"), form.sid("RoleSid", "RL")

        def rule(tx: Tx) -> Response:
            made = invites.invite(tx, actor, channel, identity, role_sid)
            return answer(_shown(request, actor, made), 201)

        return Write(rule, about=channel)

    def every(self, request: Request, service: str, channel: str) -> Answer:
        """A page of them, the oldest first; of some identities, where these are given."""
        actor = self._scope.actor(request, service)
        query = fields.of_query(request)
        identities = query.texts("Identity")
        asked = paging.asked(request, query, rows_max=actor.limits.page_rows_max)
        place = asked.place

        def read(tx: Tx) -> Response:
            found, rows = invites.page(tx, actor, channel, identities, place, asked.size)
            return paging.page(asked, "invites", [_shown(request, actor, each) for each in found], rows)

        return Read(read)

    def fetch(self, request: Request, service: str, channel: str, name: str) -> Answer:
        """One of them."""
        actor = self._scope.actor(request, service)
        return Read(lambda tx: answer(_shown(request, actor, invites.fetch(tx, actor, channel, name))))

    def withdraw(self, request: Request, service: str, channel: str, name: str) -> Answer:
        """Take one back."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx) -> Response:
            invites.withdraw(tx, actor, channel, name)
            return Response(204)

        return Write(rule, about=channel)


def _shown(request: Request, actor: ChatActor, found: Invite) -> dict[str, object]:
    place = f"{request.base}/v2/Services/{found.service_sid}/Channels/{found.conversation_sid}/Invites"
    return {
        "sid": found.sid,
        "account_sid": actor.account_sid,
        "service_sid": found.service_sid,
        "channel_sid": found.conversation_sid,
        "identity": found.identity,
        "role_sid": found.role_sid,
        "created_by": found.created_by,
        "date_created": iso_s(found.created_ms),
        "date_updated": iso_s(found.created_ms),
        "url": f"{place}/{found.sid}",
    }
