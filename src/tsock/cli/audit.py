"""`tsock audit`: who changed which account, key, service or revocation."""

from typing import Annotated

from cyclopts import Parameter

from tsock.cli import output
from tsock.cli.location import HERE, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.sid import SID

COLUMNS = ("date", "event_type", "resource_sid", "by", "address", "change")


async def audit(
    *,
    account: Annotated[str | None, SID, Parameter(metavar="AC…")] = None,
    resource: Annotated[str | None, SID, Parameter(metavar="SID")] = None,
    limit: int = 20,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """List the latest changes of accounts, keys, services and revocations, the newest first.

    Args:
        account: Only those of one account, of its subaccounts too where these themselves are concerned.
        resource: Only those of one account, key, service or revocation.
        limit: How many, at most 1000.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        found = await ask.latest("audit_events", account=account, resource=resource, limit=limit)
    if json:
        output.document(found)
        return
    for event in found:
        event["by"] = event["actor_sid"] or event["actor_type"]
        changed = {name: values["updated"] for name, values in event["properties"].items()}
        event["change"] = event["description"] or ", ".join(f"{n}={v}" for n, v in changed.items())
    none = output.nothing_of("change", resource=resource, account=account)
    output.table(found, COLUMNS, none=none)
