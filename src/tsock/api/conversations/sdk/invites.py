"""What the SDK of the first generation asks of invitations: invite, decline."""

from tsock.api.conversations.sdk import bodies
from tsock.api.conversations.sdk.request import once, read_body
from tsock.api.conversations.sdk.scope import ChatScope, RouteEntry, in_service, service_url
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.conversations import invites
from tsock.conversations.actor import ChatActor
from tsock.storage.store import Tx


class InviteHandlers:
    """An invitation is named by its SID, or by who is invited; it is taken up by joining."""

    def __init__(self, scope: ChatScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Conversations/{conversation}/Invites"
        one = f"{many}/{{invite}}"
        table: list[RouteEntry] = [
            ("POST", many, self.invite),
            ("GET", one, self.fetch),
            ("DELETE", one, self.withdraw),
        ]
        return in_service(table)

    def invite(self, request: Request, conversation: str) -> Answer:
        """Invite an identity."""
        actor = self._scope.actor(request)
        identity = read_body(request).identity
        place = service_url(request, actor)

        def rule(tx: Tx, actor: ChatActor, _: None) -> tuple[Response, str]:
            shown = bodies.invite(actor, place, invites.invite(tx, actor, conversation, identity))
            return answer(shown, 201), shown["url"]

        carry_out = once(request, rule)
        return Write(lambda tx: carry_out(tx, actor, None), about=conversation)

    def fetch(self, request: Request, conversation: str, name: str) -> Answer:
        """One invitation."""
        actor = self._scope.actor(request)
        place = service_url(request, actor)

        def query(tx: Tx) -> Response:
            return answer(bodies.invite(actor, place, invites.fetch(tx, actor, conversation, name)))

        return Read(query)

    def withdraw(self, request: Request, conversation: str, name: str) -> Answer:
        """Decline, or take back what somebody else was invited to."""
        actor = self._scope.actor(request)

        def rule(tx: Tx, actor: ChatActor, _: None) -> tuple[Response, None]:
            invites.withdraw(tx, actor, conversation, name)
            return Response(204), None

        carry_out = once(request, rule)
        return Write(lambda tx: carry_out(tx, actor, None), about=conversation)
