"""Bodies of the SDKs' commands, and mutations that are carried out once."""

from collections.abc import Callable
from typing import Any

import msgspec

from tsock.api.conversations.pre_hooks import Rule, V
from tsock.api.request import Request, Response, answer
from tsock.conversations import mutations
from tsock.conversations.actor import ChatActor
from tsock.errors import invalid
from tsock.misread import UNREADABLE, found_instead
from tsock.storage.store import Tx
from tsock.storage.texts import refuse_nul

MUTATION_ID_CHARS_MAX = 128


class CommandBody(msgspec.Struct, frozen=True, gc=False):
    """Every member that a command may have; the rest is ignored."""

    friendly_name: str | msgspec.UnsetType | None = msgspec.UNSET
    unique_name: str | msgspec.UnsetType | None = msgspec.UNSET
    attributes: str | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType | None = msgspec.UNSET
    identity: str | None = None
    messaging_binding: dict[str, Any] | None = None
    notification_level: str | msgspec.UnsetType = msgspec.UNSET
    last_read_message_index: Any = msgspec.UNSET
    last_consumed_message_index: Any = msgspec.UNSET
    """The same, as clients of the first generation call it."""
    body: str | msgspec.UnsetType | None = msgspec.UNSET
    subject: str | msgspec.UnsetType | None = msgspec.UNSET
    media_sids: list[str] = []
    media_sid: str | None = None
    """The only one, from clients of the first generation."""
    content_sid: str | None = None
    content_variables: str | None = None


def read_body(request: Request) -> CommandBody:
    """The members of a command.

    Raises:
        ApiError: 20422, it is no JSON object, or a member has another type.
    """
    if not request.body:
        return CommandBody()
    try:
        return _decode(request.body)
    except UNREADABLE as error:
        raise invalid(f"expected a JSON object, found {found_instead(request.body, error)}") from None


def once(request: Request, rule: Callable[[Tx, ChatActor, V], tuple[Response, str | None]]) -> Rule[V]:
    """What carries out a mutation, unless it was before: then the answer is where its result is.

    Args:
        request: the command, whose `X-Twilio-Mutation-Id` names it.
        rule: answers, and tells the URL of what it made or changed; None after a removal.

    Raises:
        ApiError: 20422, U+0000 in that name.
    """
    mutation_id = request.headers.get("x-twilio-mutation-id", "")[:MUTATION_ID_CHARS_MAX]
    refuse_nul(mutation_id, "X-Twilio-Mutation-Id")

    def carry_out(tx: Tx, actor: ChatActor, value: V) -> Response:
        known = mutations.find(tx, actor, mutation_id) if mutation_id else None
        if known is not None:
            return Response(204) if known.resource_url is None else _applied(known.resource_url)
        response, url = rule(tx, actor, value)
        if mutation_id:
            mutations.note(tx, actor, mutation_id, url)
        return response

    return carry_out


def _applied(url: str) -> Response:
    """The answer that makes clients fetch what an earlier request has made."""
    return answer({"resource_url": url}, 202)


_decode = msgspec.json.Decoder(CommandBody).decode
