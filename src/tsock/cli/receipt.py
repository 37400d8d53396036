"""`tsock receipt`: how far a message has come with a participant outside."""

from typing import Annotated

from cyclopts import App, Parameter

from tsock.cli import output
from tsock.cli.location import HERE, InAccount, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.sid import SID

receipt = App("receipt", help="Delivery receipts of messages: report.")


@receipt.command
async def report(
    conversation: Annotated[str, SID, Parameter(metavar="CH…")],
    message: Annotated[str, SID, Parameter(metavar="IM…")],
    participant: Annotated[str, SID, Parameter(metavar="MB…")],
    status: str,
    /,
    *,
    error_code: int | None = None,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Tell how far a message has come with a participant who takes part by an address.

    No carrier is attached, so nobody else tells it. A second report changes the first.

    Args:
        conversation: The conversation.
        message: The message.
        participant: The participant.
        status: `sent`, `delivered`, `read`, `undelivered` or `failed`.
        error_code: Why it did not get there.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    body = {
        "conversation": conversation,
        "message": message,
        "participant": participant,
        "status": status,
        "error_code": error_code,
    }
    async with operator(location) as ask:
        path = ("accounts", await ask.account(account), "receipts")
        output.record(await ask.post(*path, body=body), json=json)
