"""`tsock revoke`: ends tokens before their time, and the connections that they opened."""

import re
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from tsock.cli import output
from tsock.cli.location import HERE, InAccount, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.pasted import pasted
from tsock.cli.sid import SID
from tsock.errors import ConfigError

revoke = App("revoke", help="End tokens before their time, and the connections that they opened.")

COLUMNS = ("sid", "kind", "identity", "key_sid", "issued_before", "digest", "date_expires")

_is_digest = re.compile("[0-9a-fA-F]{64}").fullmatch


@revoke.command
async def token(
    text: Annotated[str, Parameter(name="token", metavar="TOKEN|DIGEST|-", allow_leading_hyphen=True)],
    /,
    *,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Refuse one token from now on.

    Args:
        text: The token, its SHA-256 in hex, or `-` to read either from standard input.
        account: The account; by default the one in the token.
        json: Print JSON.
        location: Where.
    """
    text = pasted(text).strip()
    async with operator(location) as ask:
        if _is_digest(text):
            body = {"kind": "token", "digest": text}
        else:
            body = {"kind": "token", "token": text}
            report = await ask.post("doctor", body=text)
            if report["input"] != "access_token" or report["cause"] == "not_a_jwt":
                doctor = location.runnable("`tsock doctor`")
                raise ConfigError(
                    f"expected an Access Token or the SHA-256 of one, 64 hex digits; {doctor} says what this "
                    "is instead"
                )
            account = account or report["claims"].get("sub")
        sid = await ask.account(account)
        output.record(await ask.post("accounts", sid, "revocations", body=body), json=json)


@revoke.command
async def identity(
    name: Annotated[str, Parameter(name="identity")],
    /,
    *,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Refuse every token of an identity that was issued up to now.

    Args:
        name: The identity.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        sid = await ask.account(account)
        body = {"kind": "identity", "identity": name}
        output.record(await ask.post("accounts", sid, "revocations", body=body), json=json)


@revoke.command
async def before(
    moment: str = "now",
    /,
    *,
    key: Annotated[str | None, SID, Parameter(metavar="SK…")] = None,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Refuse every token of an account, or of one of its keys, that was issued before a moment.

    Args:
        moment: `now`, a date such as `2026-05-01T12:00Z` (without a zone in local time), or Unix seconds.
        key: Only tokens signed by this key.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    body = {"kind": "issued_before", "before_s": _unix_s(moment), "key_sid": key}
    async with operator(location) as ask:
        sid = await ask.account(account)
        output.record(await ask.post("accounts", sid, "revocations", body=body), json=json)


@revoke.command(name="list")
async def list_(*, account: InAccount = None, json: AsJson = False, location: Location = HERE) -> None:
    """List what is revoked, as long as it can still meet a token."""
    async with operator(location) as ask:
        sid = await ask.account(account)
        output.table(
            await ask.every("accounts", sid, "revocations"),
            COLUMNS,
            json=json,
            none="nothing is revoked that could still meet a token",
        )


def _unix_s(moment: str) -> int | None:
    """The moment in Unix seconds; None for the server's now, whose clock may be ahead."""
    if moment == "now":
        return None
    if moment.isascii() and moment.isdigit():
        return int(moment)
    try:
        at = datetime.fromisoformat(moment)
        return int(at.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        raise ConfigError(
            f"expected now, a date such as 2026-05-01T12:00Z, or Unix seconds, not {moment[:64]}"
        ) from None
