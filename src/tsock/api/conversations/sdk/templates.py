"""Which templates of content there are."""

import msgspec

from tsock.api.conversations.sdk.paging import page, position
from tsock.api.conversations.sdk.scope import ChatScope
from tsock.api.request import Answer, Door, Read, Request, Response
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.conversations import templates
from tsock.conversations.templates import Template
from tsock.storage.store import Tx

ROWS = 50


class TemplateHandlers:
    """`GET Client/v2/ContentTemplates`."""

    def __init__(self, scope: ChatScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [Route(Door.TUNNEL, "GET", "/Client/v2/ContentTemplates", self.every)]

    def every(self, request: Request) -> Answer:
        """The templates of the account, a page of them by SID."""
        actor = self._scope.actor(request)
        after, size = position(request, "HX", ROWS)

        def query(tx: Tx) -> Response:
            found = templates.page(tx, actor.account_sid, after, size + 1)
            last = found[size - 1].sid if len(found) > size else None
            return page("templates", [_view(template) for template in found[:size]], last)

        return Read(query)


def _view(template: Template) -> dict[str, object]:
    return {
        "sid": template.sid,
        "account_sid": template.account_sid,
        "friendly_name": template.friendly_name,
        "variables": template.variables,
        "variants": msgspec.Raw(template.variants.encode()),
        "date_created": iso_ms(template.created_ms),
        "date_updated": iso_ms(template.updated_ms),
    }
