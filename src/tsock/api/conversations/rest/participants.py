"""Participants over REST (`protocol/rest.md`, Participants)."""

from msgspec import UNSET

from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Read, Request, Response, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.conversations import participants
from tsock.conversations.actor import ChatActor
from tsock.conversations.participants import NewParticipant, ParticipantChange
from tsock.errors import ApiError
from tsock.storage.store import Tx

_FIXED = (
    (50444, "Identity", "Failed to add an identity to a participant"),
    (50441, "MessagingBinding.ProxyAddress", "Failed to add a proxy address to a participant"),
    (50443, "MessagingBinding.ProjectedAddress", "Failed to add a projected address to a participant"),
)
"""What a participant keeps for as long as it takes part, each with the error of its change."""


class ParticipantHandlers:
    """Add, list, fetch, change, take out; one is named by SID or identity."""

    def __init__(self, scope: RestScope, pre_hooks: PreHooks) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Conversations/{conversation}/Participants"
        one = f"{many}/{{participant}}"
        return [
            *in_service("POST", many, self.add, "participants/create"),
            *in_service("GET", many, self.every, "participants/list"),
            *in_service("GET", one, self.fetch, "participants/read"),
            *in_service("POST", one, self.change, "participants/update"),
            *in_service("DELETE", one, self.remove, "participants/delete"),
        ]

    def add(self, request: Request, service: str | None, conversation: str) -> Answer:
        """Add somebody by identity or by address."""
        actor = self._scope.actor(request, service)
        new = _new(fields.of_form(request))
        shown = links(request, actor, service)

        def rule(tx: Tx, actor: ChatActor, new: NewParticipant) -> Response:
            return answer(bodies.participant(shown, participants.add(tx, actor, conversation, new)), 201)

        return self._pre_hooks.answer(actor, "onParticipantAdd", conversation, new, rule)

    def every(self, request: Request, service: str | None, conversation: str) -> Answer:
        """A page of the participants, the oldest first; of some identities, which only Chat asks for."""
        actor = self._scope.actor(request, service)
        parameters = fields.of_query(request)
        identities = parameters.texts("Identity")
        asked = paging.asked(request, parameters, rows_max=actor.limits.page_rows_max)
        place, shown = asked.place, links(request, actor, service)

        def query(tx: Tx) -> Response:
            found, rows = participants.page(tx, actor, conversation, place, asked.size, identities=identities)
            records = [bodies.participant(shown, participant) for participant in found]
            return paging.page(asked, "participants", records, rows)

        return Read(query)

    def fetch(self, request: Request, service: str | None, conversation: str, name: str) -> Answer:
        """One participant."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            return answer(bodies.participant(shown, participants.fetch(tx, actor, conversation, name)))

        return Read(query)

    def change(self, request: Request, service: str | None, conversation: str, name: str) -> Answer:
        """Set what is given."""
        actor = self._scope.actor(request, service)
        change = _change(fields.of_form(request))
        shown = links(request, actor, service)

        def rule(tx: Tx, actor: ChatActor, change: ParticipantChange) -> Response:
            changed = participants.update(tx, actor, conversation, name, change)
            return answer(bodies.participant(shown, changed))

        return self._pre_hooks.answer(actor, "onParticipantUpdate", conversation, change, rule)

    def remove(self, request: Request, service: str | None, conversation: str, name: str) -> Answer:
        """Take somebody out."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx, actor: ChatActor, _: None) -> Response:
            participants.remove(tx, actor, conversation, name)
            return Response(204)

        return self._pre_hooks.answer(actor, "onParticipantRemove", conversation, None, rule)


def _new(form: Fields) -> NewParticipant:
    return NewParticipant(
        identity=form.text("Identity"),
        binding=given.binding(form),
        attributes=form.text("Attributes") or "{}",
        role_sid=form.sid("RoleSid", "RL"),
        **given.dates(form),
    )


def _change(form: Fields) -> ParticipantChange:
    for code, name, title in _FIXED:
        if form.text(name) is not None:
            raise ApiError(400, code, f"{title}: leave out {name}; take the participant out, add it anew")
    read_ms = form.moment_ms("LastReadTimestamp")
    return ParticipantChange(
        attributes=given.text(form, "Attributes"),
        role_sid=given.sid(form, "RoleSid", "RL"),
        last_read_message_index=given.read_mark(form),
        last_read_ms=UNSET if read_ms is None else read_ms,
        **given.dates(form),
    )
