"""Templates of content, as an operator puts, shows and deletes them."""

from typing import Any

import msgspec

from tsock.accounts.accounts import get_account
from tsock.api.operator.body import PAGE_ROWS, Body, decoded, page
from tsock.api.request import Answer, Door, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.conversations import templates
from tsock.conversations.templates import Template
from tsock.storage.store import Tx


class TemplateBody(Body, frozen=True):
    """A template as the hosted Content API has it."""

    friendly_name: str
    types: dict[str, Any]
    """What is shown, by type such as `twilio/text`."""
    variables: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    language: str = ""
    """Has no meaning here."""


class TemplateHandlers:
    """Put, list, show, delete."""

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many, one = "/accounts/{account}/templates", "/accounts/{account}/templates/{template}"
        return [
            Route(Door.OPERATOR, "GET", many, self.every),
            Route(Door.OPERATOR, "POST", many, self.create),
            Route(Door.OPERATOR, "GET", one, self.fetch),
            Route(Door.OPERATOR, "POST", one, self.replace),
            Route(Door.OPERATOR, "DELETE", one, self.delete),
        ]

    def every(self, request: Request, account: str) -> Answer:
        """The templates of an account."""
        after = request.params.get("after", "")

        def query(tx: Tx) -> Response:
            get_account(tx, account)
            return page("templates", templates.page(tx, account, after, PAGE_ROWS), _view)

        return Read(query)

    def create(self, request: Request, account: str) -> Answer:
        """A new template."""
        return self._put(request, account, None, 201)

    def replace(self, request: Request, account: str, sid: str) -> Answer:
        """Another content of a template."""
        return self._put(request, account, sid, 200)

    def fetch(self, request: Request, account: str, sid: str) -> Answer:
        """One template."""
        return Read(lambda tx: answer(_view(templates.get(tx, account, sid))))

    def delete(self, request: Request, account: str, sid: str) -> Answer:
        """Forget a template."""
        return Write(lambda tx: answer(_view(templates.delete(tx, account, sid))))

    def _put(self, request: Request, account: str, sid: str | None, status: int) -> Answer:
        body = decoded(request, TemplateBody)

        def rule(tx: Tx) -> Response:
            get_account(tx, account)
            made = templates.put(
                tx,
                account,
                sid,
                friendly_name=body.friendly_name,
                variables=body.variables,
                variants=body.types,
            )
            return answer(_view(made), status)

        return Write(rule)


def _view(template: Template) -> dict[str, object]:
    return {
        "sid": template.sid,
        "account_sid": template.account_sid,
        "friendly_name": template.friendly_name,
        "variables": msgspec.Raw(template.variables.encode()),
        "types": msgspec.Raw(template.variants.encode()),
        "date_created": iso_ms(template.created_ms),
        "date_updated": iso_ms(template.updated_ms),
    }
