"""Between the names of `chat/v2` and those of `conversations/v1`: forms on the way in, bodies on the way out.

So the handlers of Conversations answer both. What Chat tells beyond that is read in the same transaction.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from tsock.api.conversations.chat.route import Handler
from tsock.api.request import Answer, Ask, Read, Request, Response, Streamed, Write
from tsock.api.rest import fields
from tsock.storage.store import Tx

Body = dict[str, Any]

_SEGMENTS = {"v1": "v2", "Conversations": "Channels", "Participants": "Members"}
"""What paths are called otherwise."""


def _nothing(tx: Tx, body: Body) -> Body:
    return {}


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What one resource of Chat is in Conversations."""

    many: str
    """What a list of them is called."""
    parameters: Mapping[str, str]
    """Those that a form may have, each with the name that Conversations gives it."""
    members: Mapping[str, str]
    """Those of a body, likewise."""
    values: Mapping[str, Mapping[str, str]] = {}
    """Those that Chat calls otherwise, by the parameter of Conversations, each with the value there."""
    more: Callable[[Tx, Body], Body] = _nothing
    """What else a body has, made of that of Conversations."""


def same(*names: str) -> dict[str, str]:
    """Names that both have in common."""
    return {name: name for name in names}


def translated(
    handler: Handler, resource: Resource, given: Mapping[str, str] | None = None, *, writes: bool = False
) -> Handler:
    """A handler of Conversations that speaks Chat.

    Args:
        handler: of a route below a service.
        resource: what it is about.
        given: parameters that a form which lacks them is taken to have, by their names in Conversations.
        writes: whether what Chat tells beyond that may have to be made first.
    """
    given = given or {}

    def handle(request: Request, *values: str) -> Answer:
        if request.method == "POST":
            form = fields.of_form(request)
            pairs = [
                (name, resource.values.get(name, {}).get(text, text))
                for ours, name in resource.parameters.items()
                for text in form.texts(ours)
            ]
            named = {name for name, _ in pairs}
            pairs += [(name, text) for name, text in given.items() if name not in named]
            headers = {**request.headers, "content-type": fields.FORM}
            request = replace(request, headers=headers, body=urlencode(pairs).encode())
        answer = handler(request, *values)
        return _told(answer, lambda tx, found: _shown(tx, found, resource, request.base), writes=writes)

    return handle


def url(theirs: str, base: str) -> str:
    """A URL of Conversations as Chat has it; both begin with `base`."""
    return base + "/".join(_SEGMENTS.get(name, name) for name in theirs.removeprefix(base).split("/"))


def _told(answer: Answer, view: Callable[[Tx, Response], Response], *, writes: bool) -> Answer:
    match answer:
        case Ask():
            then = answer.then
            return Ask(answer.question, lambda found: _told(then(found), view, writes=writes), answer.leaves)
        case Write():
            rule = answer.rule
            return Write(lambda tx: view(tx, rule(tx)), answer.about, answer.aside)
        case Streamed() | Response(body=b""):
            return answer
        case Response():
            query = _of(answer)
        case Read():
            query = answer.query

    def shown(tx: Tx) -> Response:
        return view(tx, query(tx))

    return Write(shown) if writes else Read(shown)


def _of(response: Response) -> Callable[[Tx], Response]:
    return lambda tx: response


def _shown(tx: Tx, found: Response, resource: Resource, base: str) -> Response:
    if not found.body:
        return found
    body: Body = msgspec.json.decode(found.body)
    if "meta" not in body:
        return replace(found, body=msgspec.json.encode(_record(tx, body, resource, base)))
    rows = [_record(tx, row, resource, base) for row in body[body["meta"]["key"]]]
    page = {resource.many: rows, "meta": {**body["meta"], "key": resource.many}}
    return replace(found, body=msgspec.json.encode(page))


def _record(tx: Tx, body: Body, resource: Resource, base: str) -> Body:
    body["url"] = url(body["url"], base)
    return {ours: body[name] for ours, name in resource.members.items()} | resource.more(tx, body)
