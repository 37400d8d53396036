"""`tsock key`: API keys, whose secrets sign Access Tokens."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from tsock.cli import output
from tsock.cli.choice import ANY_CASE
from tsock.cli.location import HERE, InAccount, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.sid import Sid
from tsock.errors import ConfigError

key = App("key", help="API keys, whose secrets sign Access Tokens: create, show, revoke.")

COLUMNS = ("sid", "kind", "friendly_name", "region", "date_created")


@key.command
async def create(
    name: str = "",
    /,
    *,
    kind: Annotated[Literal["main", "standard", "restricted"], ANY_CASE] = "standard",
    allow: Annotated[list[str] | None, Parameter(metavar="PATH", negative="")] = None,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Create a key and print its secret, which is never shown again.

    Args:
        name: A name for people.
        kind: A restricted key signs no Access Tokens, and may only do what `--allow` says.
        allow: What a restricted key may do, such as `/twilio/sync/documents/read`; may be repeated.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    if (kind == "restricted") != (allow is not None):
        raise ConfigError("--allow: a restricted key needs it, and no other key has it")
    policy = None if allow is None else {"allow": allow}
    async with operator(location) as ask:
        sid = await ask.account(account)
        body = {"friendly_name": name, "kind": kind, "policy": policy}
        made = await ask.post("accounts", sid, "keys", body=body)
    output.record(made, json=json)
    output.remark("keep the secret now; it is not shown again")


@key.command(name="list")
async def list_(*, account: InAccount = None, json: AsJson = False, location: Location = HERE) -> None:
    """List the keys in use."""
    async with operator(location) as ask:
        sid = await ask.account(account)
        output.table(
            await ask.every("accounts", sid, "keys"),
            COLUMNS,
            json=json,
            none=location.runnable(f"there are no keys; make one with `tsock key create --account {sid}`"),
        )


@key.command
async def fetch(
    sid: Sid, /, *, account: InAccount = None, json: AsJson = False, location: Location = HERE
) -> None:
    """Show a key, without its secret.

    Args:
        sid: The key.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        output.record(await ask.get("accounts", await ask.account(account), "keys", sid), json=json)


@key.command
async def revoke(
    sid: Sid, /, *, account: InAccount = None, json: AsJson = False, location: Location = HERE
) -> None:
    """Revoke a key for good: its tokens are refused, and the connections that they opened end at once.

    Args:
        sid: The key.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        output.record(await ask.delete("accounts", await ask.account(account), "keys", sid), json=json)
