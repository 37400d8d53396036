"""What the SDKs ask of push registrations: this device is to be notified, or no more."""

from typing import TypeVar

import msgspec

from tsock.api.conversations.sdk.scope import ChatScope
from tsock.api.request import Answer, Door, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.conversations import bindings
from tsock.conversations.bindings import NewBinding
from tsock.errors import invalid
from tsock.misread import UNREADABLE, found_instead
from tsock.storage.store import Tx

PLACE = "/v1/registrations"

T = TypeVar("T")


class _Device(msgspec.Struct, frozen=True):
    registration_id: str


class _Registration(msgspec.Struct, frozen=True):
    """The body of a POST; the rest is ignored."""

    channel_type: str
    data: _Device
    message_types: list[str] = []


class _Address(msgspec.Struct, frozen=True):
    """The body of a DELETE that names no registration."""

    binding_type: str
    address: str


class RegistrationHandlers:
    """A registration is a binding of the caller; its id is the binding's SID."""

    def __init__(self, scope: ChatScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.TUNNEL, "POST", PLACE, self.register),
            Route(Door.TUNNEL, "DELETE", PLACE, self.unregister_endpoint),
            Route(Door.TUNNEL, "DELETE", f"{PLACE}/{{registration}}", self.unregister),
        ]

    def register(self, request: Request) -> Answer:
        """Register a device, in place of an earlier registration of it."""
        actor, caller = self._scope.actor(request), request.caller
        body = _read(request, _Registration)
        new = NewBinding(
            type=body.channel_type,
            endpoint=body.data.registration_id,
            message_types=body.message_types,
            credential_sid=None if caller is None else caller.push_credential_sid,
        )

        def rule(tx: Tx) -> Response:
            return answer({"id": bindings.register(tx, actor, new).sid}, 201)

        return Write(rule)

    def unregister(self, request: Request, sid: str) -> Answer:
        """Forget a registration; clients repeat an error, so there is none where there is nothing."""
        actor = self._scope.actor(request)

        def rule(tx: Tx) -> Response:
            bindings.unregister(tx, actor, sid)
            return Response(204)

        return Write(rule)

    def unregister_endpoint(self, request: Request) -> Answer:
        """Forget the registration of a device."""
        actor, body = self._scope.actor(request), _read(request, _Address)

        def rule(tx: Tx) -> Response:
            bindings.unregister_endpoint(tx, actor, body.binding_type, body.address)
            return Response(204)

        return Write(rule)


def _read(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except UNREADABLE as error:
        raise invalid(f"expected a registration, found {found_instead(request.body, error)}") from None
