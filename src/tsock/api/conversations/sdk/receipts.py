"""What the SDKs ask of messages and those outside: receipts, recipients of mail, what channels told."""

from typing import Any

from tsock.api.conversations.sdk.paging import page, position
from tsock.api.conversations.sdk.scope import ChatScope, RouteEntry, in_service
from tsock.api.request import Answer, Read, Request, Response
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.conversations import messages, receipts, recipients, refusals
from tsock.conversations.receipts import Receipt
from tsock.storage.store import Tx


class ReceiptHandlers:
    """Pages, which clients follow to their end."""

    def __init__(self, scope: ChatScope, page_size: int) -> None:
        self._scope = scope
        self._page_size = page_size

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        conversation = "/Conversations/{conversation}"
        table: list[RouteEntry] = [
            ("GET", f"{conversation}/Messages/{{message}}/Receipts", self.every),
            ("GET", f"{conversation}/MessageRecipients", self.recipients),
            ("GET", f"{conversation}/Messages/{{message}}/ChannelMetadata", self.channel_metadata),
        ]
        return in_service(table)

    def every(self, request: Request, conversation: str, message: str) -> Answer:
        """The receipts of a message, by SID."""
        actor = self._scope.actor(request)
        after, size = position(request, "DY", self._page_size)

        def query(tx: Tx) -> Response:
            found, last = receipts.behind(tx, actor, conversation, message, after, size)
            return page("delivery_receipts", [_shown(receipt) for receipt in found], last)

        return Read(query)

    def recipients(self, request: Request, conversation: str) -> Answer:
        """Whom a message goes to by mail, or each of a page of messages."""
        actor = self._scope.actor(request)
        after, size = position(request, "IM", self._page_size)
        message = request.params.get("MessageSid")

        def query(tx: Tx) -> Response:
            found, last = recipients.page(tx, actor, conversation, message, after, size)
            return page("message_recipients", found, last)

        return Read(query)

    def channel_metadata(self, request: Request, conversation: str, message: str) -> Answer:
        """What the channel of a message told of it; none does, since no carrier is attached."""
        actor = self._scope.actor(request)

        def query(tx: Tx) -> Response:
            raise refusals.no_channel_metadata(messages.fetch(tx, actor, conversation, message).data.sid)

        return Read(query)


def _shown(receipt: Receipt) -> dict[str, Any]:
    return {
        "sid": receipt.sid,
        "message_sid": receipt.message_sid,
        "conversation_sid": receipt.conversation_sid,
        "channel_message_sid": None,
        "participant_sid": receipt.participant_sid,
        "status": receipt.status,
        "error_code": receipt.error_code,
        "date_created": iso_ms(receipt.created_ms),
        "date_updated": iso_ms(receipt.updated_ms),
    }
