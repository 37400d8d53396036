"""`tsock why` and `tsock denials`: what a refusal or an alert was about."""

import re
from typing import Annotated, Any

from cyclopts import Parameter

from tsock import dictionary
from tsock.cli import output, report
from tsock.cli.alerts import tell_alert
from tsock.cli.exits import Refused
from tsock.cli.location import HERE, Location
from tsock.cli.operator import Operator, operator
from tsock.cli.output import AsJson, line
from tsock.cli.sid import SID
from tsock.errors import ConfigError

COLUMNS = ("date", "sid", "code", "cause", "account_sid", "proven", "identity", "address", "summary")


async def why(
    text: Annotated[str | None, Parameter(name="id", metavar="DN…|NO…")] = None,
    /,
    *,
    json: AsJson = False,
    location: Location = HERE,
) -> int:
    """Tell the full story of one refusal, or of an alert.

    Args:
        text: Its id, which ends the error that the client was shown; the whole error may be pasted. By
            default the latest refusal.
        json: Print JSON.
        location: Where.
    """
    found = re.search("(DN|NO)([0-9a-f]{32})", text or "", re.IGNORECASE)
    if text is not None and found is None:
        code = dictionary.code_in(text) or "CODE"
        lists = f"`tsock denials` and `tsock alerts` list them, `tsock errors {code}`"
        raise ConfigError(
            f"expected the id of a denial or an alert, DN or NO and 32 hex digits, not {text[:64]}; "
            f"{location.runnable(lists)} explains a code"
        )
    alert = denial = None
    async with operator(location) as ask:
        if found is None:
            latest = await ask.latest("denials", account=None, limit=1)
            if not latest:
                output.complaint("nobody was denied, as far as is on record")
                return 1
            denial = latest[0]
        elif found[1].upper() == "DN":
            denial = await ask.get("denials", "DN" + found[2].lower())
        else:
            alert = await ask.get("alerts", "NO" + found[2].lower())
            denial = await _denial_of(ask, alert)
    if json:
        output.document(alert or denial)
        return 0
    if alert is not None:
        tell_alert(alert, location)
    if denial is not None:
        _tell(denial, location)
    return 0


async def _denial_of(ask: Operator, alert: dict[str, Any]) -> dict[str, Any] | None:
    """The denial that an alert tells of, unless it was forgotten before the alert."""
    sid = alert["denial_sid"]
    if sid is None:
        return None
    try:
        return await ask.get("denials", sid)
    except Refused:
        return None


async def denials(
    *,
    account: Annotated[str | None, SID, Parameter(metavar="AC…")] = None,
    limit: int = 20,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """List the latest refusals, the newest first.

    Args:
        account: Only those of one account.
        limit: How many, at most 1000.
        json: Print JSON, with the whole report of each.
        location: Where.
    """
    async with operator(location) as ask:
        found = await ask.latest("denials", account=account, limit=limit)
    output.table(found, COLUMNS, json=json, none=output.nothing_of("denial", account=account))


def _tell(denial: dict[str, Any], location: Location) -> None:
    line((denial["sid"], "bold"), f"  {denial['date']}")
    who = denial.get("identity")
    if who is not None:
        line(("Who: ", "bold"), who, f" of {denial.get('account_sid') or 'no known account'}")
    if not denial["proven"]:
        line(("Proof: ", "bold"), "none: no key of the account has signed this, anybody can have sent it")
    line(("From: ", "bold"), denial["address"] or "?", ", ", denial["sdk"] or "an unknown SDK")
    _tell_token(denial.get("digest"), denial.get("account_sid"), location)
    examined = denial.get("report")
    if examined is None:
        code = denial["code"]
        line(("denied", "bold red"), f"  {code} {dictionary.title(code)}, cause ", (denial["cause"], "bold"))
        line()
        line(denial["summary"])
        line(location.runnable(f"`tsock errors {code}` says more about this code."))
        return
    report.verdict(examined)
    report.claims(examined)
    report.checks(examined)


def _tell_token(digest: str | None, account_sid: str | None, location: Location) -> None:
    if digest is None:
        return
    line(("Token: ", "bold"), "SHA-256 ", digest)
    if account_sid is not None:
        refuse = f"`tsock revoke token {digest} --account {account_sid}`"
        line(" " * 7, location.runnable(f"to refuse it for good: {refuse}"))
