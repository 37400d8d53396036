"""What the SDKs ask of users: their maps, names and attributes."""

from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.sdk import bodies
from tsock.api.conversations.sdk.request import once, read_body
from tsock.api.conversations.sdk.scope import ChatScope, RouteEntry, in_service, service_url
from tsock.api.request import Answer, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.conversations import objects, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.users import UserChange
from tsock.storage.store import Tx


class UserHandlers:
    """A user is named by its identity or its SID."""

    def __init__(self, scope: ChatScope, pre_hooks: PreHooks) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        table: list[RouteEntry] = [
            ("GET", "/Users/{user}", self.fetch),
            ("POST", "/Users/{user}", self.change),
        ]
        return in_service(table)

    def fetch(self, request: Request, name: str) -> Answer:
        """One user."""
        actor = self._scope.actor(request)
        place = service_url(request, actor)

        def query(tx: Tx) -> Response:
            user = users.find(tx, actor, name)
            objects.note(tx, user.info_sid)
            return answer(bodies.user(actor, place, user, users.profile(tx, user)))

        return Read(query)

    def change(self, request: Request, name: str) -> Answer:
        """Set friendly name or attributes."""
        actor = self._scope.actor(request)
        body = read_body(request)
        change = UserChange(friendly_name=body.friendly_name, attributes=body.attributes)
        place = service_url(request, actor)

        def rule(tx: Tx, actor: ChatActor, change: UserChange) -> tuple[Response, str]:
            user = users.update(tx, actor, name, change)
            shown = bodies.user(actor, place, user, users.profile(tx, user))
            return answer(shown), shown["url"]

        return self._pre_hooks.answer(actor, "onUserUpdate", name, change, once(request, rule))
