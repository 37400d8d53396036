"""Delivery receipts, as an operator tells them in place of a carrier."""

import msgspec

from tsock.accounts.accounts import get_account
from tsock.accounts.caller import CHAT
from tsock.accounts.services import get_service
from tsock.api.operator.body import Body, decoded
from tsock.api.request import Answer, Door, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.conversations import receipts, tables
from tsock.conversations.actor import ChatActor
from tsock.conversations.hooks import Levels, of_account
from tsock.conversations.receipts import Report
from tsock.conversations.services import options_of
from tsock.errors import invalid, not_found
from tsock.storage.store import Tx

ERROR_CODE_MAX = 2**31 - 1
"""What its column can hold, of four bytes in PostgreSQL."""


class ReceiptBody(Body, frozen=True):
    """How far a message has come with somebody outside."""

    conversation: str
    message: str
    participant: str
    status: str
    error_code: int | None = None


class ReceiptHandlers:
    """Make a receipt, or change the one that there is."""

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [Route(Door.OPERATOR, "POST", "/accounts/{account}/receipts", self.report)]

    def report(self, request: Request, account: str) -> Answer:
        """Tell how far a message has come."""
        body = decoded(request, ReceiptBody)
        if body.error_code is not None and not 0 <= body.error_code <= ERROR_CODE_MAX:
            raise invalid(f"error_code is a whole number from 0 to {ERROR_CODE_MAX}, not {body.error_code}")

        def rule(tx: Tx) -> Response:
            owner = get_account(tx, account)
            row = tables.by_sid(tx, body.conversation)
            if row is None:
                raise not_found(f"no conversation {body.conversation[:64]}")
            service = get_service(tx, account, CHAT, row.service_sid)
            options = options_of(service)
            told = Levels(of_account(owner), options.webhooks)
            actor = ChatActor(account, service.sid, options=options, webhooks=told)
            report = Report(body.message, body.participant, body.status, body.error_code)
            receipt = receipts.report(tx, actor, row.sid, report)
            shown = msgspec.structs.asdict(receipt)
            created_ms, updated_ms = shown.pop("created_ms"), shown.pop("updated_ms")
            return answer({**shown, "date_created": iso_ms(created_ms), "date_updated": iso_ms(updated_ms)})

        return Write(rule, about=body.conversation)
