"""`tsock template`: templates of content."""

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from tsock.cli import output
from tsock.cli.location import HERE, InAccount, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.pasted import standard_input
from tsock.cli.sid import SID
from tsock.errors import ConfigError
from tsock.misread import UNREADABLE, found_instead

template = App("template", help="Templates of content for messages: put, list, show, delete.")

COLUMNS = ("sid", "friendly_name", "types", "date_created")


@template.command
async def put(
    file: Annotated[str, Parameter(metavar="FILE|-", allow_leading_hyphen=True)],
    /,
    *,
    sid: Annotated[str | None, SID, Parameter(metavar="HX…")] = None,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Make a template, or replace one.

    The file is a JSON object such as
    `{"friendly_name": "hello", "variables": {"1": "you"}, "types": {"twilio/text": {"body": "Hi {{1}}"}}}`.

    Args:
        file: The template, or `-` to read it from standard input.
        sid: The template to replace.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    content = _read(file)
    async with operator(location) as ask:
        path = ("accounts", await ask.account(account), "templates", *([sid] if sid else []))
        output.record(await ask.post(*path, body=content), json=json)


@template.command(name="list")
async def list_(*, account: InAccount = None, json: AsJson = False, location: Location = HERE) -> None:
    """List the templates.

    Args:
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        rows = await ask.every("accounts", await ask.account(account), "templates")
    shown = rows if json else [{**row, "types": list(row["types"])} for row in rows]
    output.table(shown, COLUMNS, json=json, none="there are no templates")


@template.command
async def show(
    sid: Annotated[str, SID, Parameter(metavar="HX…")],
    /,
    *,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Show a template.

    Args:
        sid: The template.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        output.record(await ask.get("accounts", await ask.account(account), "templates", sid), json=json)


@template.command
async def delete(
    sid: Annotated[str, SID, Parameter(metavar="HX…")],
    /,
    *,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Delete a template. Messages made from it stay as they are.

    Args:
        sid: The template.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        output.record(await ask.delete("accounts", await ask.account(account), "templates", sid), json=json)


def _read(file: str) -> object:
    try:
        raw = standard_input() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    try:
        return msgspec.json.decode(raw)
    except UNREADABLE as error:
        where = "standard input" if file == "-" else file
        raise ConfigError(f"{where}: expected JSON, found {found_instead(raw, error)}") from None
