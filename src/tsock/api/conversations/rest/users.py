"""Users over REST (`protocol/rest.md`, Users)."""

from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.conversations import departures, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.users import UserChange
from tsock.storage.store import Tx

ROWS_MAX = 50


class UserHandlers:
    """Create, list, fetch, change, delete; one is named by SID or identity."""

    def __init__(self, scope: RestScope, pre_hooks: PreHooks) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many, one = "/Users", "/Users/{user}"
        return [
            *in_service("POST", many, self.create, "users/create"),
            *in_service("GET", many, self.every, "users/list"),
            *in_service("GET", one, self.fetch, "users/read"),
            *in_service("POST", one, self.change, "users/update"),
            *in_service("DELETE", one, self.delete, "users/delete"),
        ]

    def create(self, request: Request, service: str | None) -> Answer:
        """A user that has not connected yet."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        identity, change = form.text("Identity"), _change(form)
        shown = links(request, actor, service)

        def rule(tx: Tx) -> Response:
            user = users.create(tx, actor, identity, change)
            return answer(bodies.user(shown, actor, user, users.profile(tx, user)), 201)

        return Write(rule)

    def every(self, request: Request, service: str | None) -> Answer:
        """A page of the users, the oldest first."""
        actor = self._scope.actor(request, service)
        asked = paging.asked(request, fields.of_query(request), rows_max=ROWS_MAX)
        place, shown = asked.place, links(request, actor, service)

        def query(tx: Tx) -> Response:
            found, rows = users.page(tx, actor, place, asked.size)
            records = [bodies.user(shown, actor, user, users.profile(tx, user)) for user in found]
            return paging.page(asked, "users", records, rows)

        return Read(query)

    def fetch(self, request: Request, service: str | None, name: str) -> Answer:
        """One user."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            user = users.find(tx, actor, name)
            return answer(bodies.user(shown, actor, user, users.profile(tx, user)))

        return Read(query)

    def change(self, request: Request, service: str | None, name: str) -> Answer:
        """Set what is given."""
        actor = self._scope.actor(request, service)
        change = _change(fields.of_form(request))
        shown = links(request, actor, service)

        def rule(tx: Tx, actor: ChatActor, change: UserChange) -> Response:
            user = users.update(tx, actor, name, change)
            return answer(bodies.user(shown, actor, user, users.profile(tx, user)))

        return self._pre_hooks.answer(actor, "onUserUpdate", name, change, rule)

    def delete(self, request: Request, service: str | None, name: str) -> Answer:
        """End a user, which leaves all its conversations."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx) -> Response:
            departures.delete_user(tx, actor, name)
            return Response(204)

        return Write(rule, aside=True)  # closed conversations count for no limit: there may be thousands


def _change(form: Fields) -> UserChange:
    return UserChange(
        friendly_name=given.text(form, "FriendlyName"),
        attributes=given.text(form, "Attributes"),
        role_sid=given.sid(form, "RoleSid", "RL"),
    )
