"""What the SDKs ask of participants: join, add, change, leave, remove."""

from typing import Any

from msgspec import UNSET

from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.sdk import bodies
from tsock.api.conversations.sdk.request import once, read_body
from tsock.api.conversations.sdk.scope import ChatScope, RouteEntry, in_service, service_url
from tsock.api.request import Answer, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.conversations import objects, participants
from tsock.conversations.actor import ChatActor
from tsock.conversations.addresses import Binding
from tsock.conversations.participants import NewParticipant, ParticipantChange
from tsock.errors import invalid
from tsock.storage.store import Tx


class ParticipantHandlers:
    """A participant is named by its SID or its identity."""

    def __init__(self, scope: ChatScope, pre_hooks: PreHooks) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Conversations/{conversation}/Participants"
        one = f"{many}/{{participant}}"
        table: list[RouteEntry] = [
            ("POST", many, self.add),
            ("GET", one, self.fetch),
            ("POST", one, self.change),
            ("DELETE", one, self.remove),
        ]
        return in_service(table)

    def add(self, request: Request, conversation: str) -> Answer:
        """Add somebody, or join."""
        actor = self._scope.actor(request)
        body = read_body(request)
        new = NewParticipant(
            identity=body.identity,
            binding=_binding(body.messaging_binding),
            attributes="{}" if body.attributes is UNSET else body.attributes,
        )
        place = service_url(request, actor)

        def rule(tx: Tx, actor: ChatActor, new: NewParticipant) -> tuple[Response, str]:
            shown = bodies.participant(actor, place, participants.add(tx, actor, conversation, new))
            return answer(shown, 201), shown["url"]

        return self._pre_hooks.answer(actor, "onParticipantAdd", conversation, new, once(request, rule))

    def fetch(self, request: Request, conversation: str, name: str) -> Answer:
        """One participant."""
        actor = self._scope.actor(request)
        place = service_url(request, actor)

        def query(tx: Tx) -> Response:
            found = participants.fetch(tx, actor, conversation, name)
            objects.note(tx, found.row.roster_sid)
            return answer(bodies.participant(actor, place, found))

        return Read(query)

    def change(self, request: Request, conversation: str, name: str) -> Answer:
        """Set attributes."""
        actor = self._scope.actor(request)
        change = ParticipantChange(attributes=read_body(request).attributes)
        place = service_url(request, actor)

        def rule(tx: Tx, actor: ChatActor, change: ParticipantChange) -> tuple[Response, str]:
            changed = participants.update(tx, actor, conversation, name, change)
            shown = bodies.participant(actor, place, changed)
            return answer(shown), shown["url"]

        return self._pre_hooks.answer(actor, "onParticipantUpdate", conversation, change, once(request, rule))

    def remove(self, request: Request, conversation: str, name: str) -> Answer:
        """Take somebody out, or leave."""
        actor = self._scope.actor(request)

        def rule(tx: Tx, actor: ChatActor, _: None) -> tuple[Response, None]:
            participants.remove(tx, actor, conversation, name)
            return Response(204), None

        return self._pre_hooks.answer(actor, "onParticipantRemove", conversation, None, once(request, rule))


def _binding(given: dict[str, Any] | None) -> Binding | None:
    if given is None:
        return None
    names = ("address", "proxy_address", "name", "level", "projected_address")
    told = {name: given.get(name) for name in names}
    if not all(value is None or isinstance(value, str) for value in told.values()):
        raise invalid("the members of messaging_binding are texts")
    address: str = told.pop("address") or ""
    return Binding(address, **told)
