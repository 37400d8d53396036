"""`tsock webhook`: webhooks that wait or were given up."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from tsock.cli import output
from tsock.cli.choice import ANY_CASE
from tsock.cli.location import HERE, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.sid import SID, Sid
from tsock.errors import ConfigError

webhook = App("webhook", help="Webhooks that wait or were given up: list, show, send again.")

COLUMNS = ("date_created", "sid", "event_type", "attempts", "failure_code", "date_next", "url")

OfAccount = Annotated[str | None, SID, Parameter(metavar="AC…")]
OfService = Annotated[str | None, SID, Parameter(metavar="IS…")]


@webhook.command(name="list")
async def list_(
    *,
    state: Annotated[Literal["dead", "waiting"], ANY_CASE] = "dead",
    account: OfAccount = None,
    service: OfService = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """List webhooks that were given up, or those that are still to be sent, the oldest first.

    Args:
        state: Dead ones were given up.
        account: Only those of one account.
        service: Only those of one service.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        rows = await ask.every("webhooks", state=state, account=account, service=service)
    none = output.nothing_of(f"{state} webhook", service=service, account=account)
    output.table(rows, COLUMNS, json=json, none=none)


@webhook.command
async def show(sid: Sid, /, *, json: AsJson = False, location: Location = HERE) -> None:
    """Show a webhook with what it says and why it was not delivered.

    Args:
        sid: The webhook, as `tsock webhook list` names it.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        output.record(await ask.get("webhooks", sid), json=json)


@webhook.command
async def resend(
    sid: Annotated[str | None, SID] = None,
    /,
    *,
    every: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    account: OfAccount = None,
    service: OfService = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Begin anew with a webhook that was given up, or with all of them.

    Without a running server they are sent once one runs again.

    Args:
        sid: The webhook.
        every: All that were given up.
        account: With `--all`, only those of one account.
        service: With `--all`, only those of one service.
        json: Print JSON.
        location: Where.
    """
    if (sid is None) != every:
        raise ConfigError("expected the SID of one webhook, or --all for all that were given up")
    async with operator(location) as ask:
        if sid is not None:
            output.record(await ask.post("webhooks", sid, "resend"), json=json)
            return
        resent, after = 0, 0
        while after is not None:
            done = await ask.post("webhooks", "resend", account=account, service=service, after=after)
            resent, after = resent + done["resent"], done["next"]
    output.record({"resent": resent}, json=json)
