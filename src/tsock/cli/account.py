"""`tsock account`: accounts and subaccounts."""

from typing import Annotated

from cyclopts import App, Parameter

from tsock.cli import output
from tsock.cli.location import HERE, InAccount, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.sid import SID, Sid
from tsock.errors import ConfigError

account = App("account", help="Accounts and subaccounts: create, show, suspend, close, send alerts.")

COLUMNS = ("sid", "friendly_name", "status", "owner_sid", "date_created")


@account.command
async def create(
    name: str | None = None,
    /,
    *,
    owner: Annotated[str | None, SID, Parameter(metavar="AC…")] = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Create an account with default services, and print its credentials, the Auth Token only now.

    A data directory that does not exist yet is made, as `tsock serve` does.

    Args:
        name: A name for people.
        owner: Make it a subaccount of this account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location, fresh=True) as ask:
        made = await ask.post("accounts", body={"friendly_name": name, "owner_sid": owner})
    output.record(made, json=json)


@account.command(name="list")
async def list_(
    *,
    owner: Annotated[str | None, SID, Parameter(metavar="AC…")] = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """List the accounts.

    Args:
        owner: Only the subaccounts of this account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        found = await ask.every("accounts", owner=owner)
    none = "there are no accounts; make one with `tsock account create`"
    if owner is not None:
        none = f"{owner} has no subaccounts; make one with `tsock account create --owner {owner}`"
    output.table(found, COLUMNS, json=json, none=location.runnable(none))


@account.command
async def fetch(account: InAccount = None, *, json: AsJson = False, location: Location = HERE) -> None:
    """Show an account.

    Args:
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        output.record(await ask.get("accounts", await ask.account(account)), json=json)


@account.command
async def rename(sid: Sid, name: str, /, *, json: AsJson = False, location: Location = HERE) -> None:
    """Give an account another name.

    Args:
        sid: The account.
        name: A name for people.
        json: Print JSON.
        location: Where.
    """
    await _change(location, sid, {"friendly_name": name}, json=json)


@account.command
async def suspend(sid: Sid, /, *, json: AsJson = False, location: Location = HERE) -> None:
    """Suspend an account and its subaccounts: connections end, tokens and REST calls are refused.

    Args:
        sid: The account.
        json: Print JSON.
        location: Where.
    """
    await _change(location, sid, {"status": "suspended"}, json=json)


@account.command
async def activate(sid: Sid, /, *, json: AsJson = False, location: Location = HERE) -> None:
    """Let a suspended account work again.

    Args:
        sid: The account.
        json: Print JSON.
        location: Where.
    """
    await _change(location, sid, {"status": "active"}, json=json)


@account.command
async def close(
    sid: Sid,
    /,
    *,
    yes: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Close an account for good.

    Args:
        sid: The account.
        yes: Do it: there is no way back.
        json: Print JSON.
        location: Where.
    """
    if not yes:
        raise ConfigError(f"a closed account stays closed; to close {sid}, repeat this with --yes")
    await _change(location, sid, {"status": "closed"}, json=json)


@account.command
async def rotate(
    account: InAccount = None,
    *,
    overlap: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    promote: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    cancel: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Replace the Auth Token: the old one is refused from now on, keys and Access Tokens go on.

    With `--overlap` the new one, called secondary, holds beside the old one, which goes on signing webhooks:
    let receivers accept both and senders use the new one, then finish with `--promote`.

    Args:
        account: The account.
        overlap: Make a secondary Auth Token and print it; the first one stays.
        promote: Put the secondary Auth Token in the place of the first, which is refused from now on.
        cancel: Take the secondary Auth Token away again.
        json: Print JSON.
        location: Where.
    """
    if overlap + promote + cancel > 1:
        raise ConfigError("expected at most one of --overlap, --promote and --cancel")
    async with operator(location) as ask:
        sid = await ask.account(account)
        if cancel:
            found = await ask.delete("accounts", sid, "auth_token", "secondary")
        else:
            step = ["secondary"] if overlap else ["promotion"] if promote else []
            found = await ask.post("accounts", sid, "auth_token", *step)
    output.record(found, json=json)
    if overlap:
        later = f"keep it now; when everybody knows it: `tsock account rotate {sid} --promote`"
        output.remark(location.runnable(later))


@account.command
async def debugger(
    account: InAccount = None,
    url: Annotated[str | None, Parameter(metavar="URL")] = None,
    *,
    off: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Have an account's alerts sent to a URL as they happen.

    Args:
        account: The account.
        url: Where each alert is posted to, signed with the Auth Token of the account; alone it is for the
            default account.
        off: Send them nowhere.
        json: Print JSON.
        location: Where.
    """
    if url is None and account is not None and "://" in account:
        account, url = None, account
    if (url is None) is not off:
        raise ConfigError("expected a URL, or --off to send alerts nowhere")
    async with operator(location) as ask:
        found = await ask.post("accounts", await ask.account(account), body={"debugger_url": url})
    output.record(found, json=json)


async def _change(location: Location, sid: str, change: dict[str, str | None], /, *, json: bool) -> None:
    async with operator(location) as ask:
        output.record(await ask.post("accounts", sid, body=change), json=json)
