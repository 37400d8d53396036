"""`tsock alerts`: what went wrong, for all accounts or one."""

from typing import Annotated, Any

from cyclopts import Parameter

from tsock import dictionary
from tsock.cli import output
from tsock.cli.location import HERE, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson, line
from tsock.cli.sid import SID

COLUMNS = ("date", "sid", "level", "code", "repeats", "account_sid", "text")


async def alerts(
    *,
    account: Annotated[str | None, SID, Parameter(metavar="AC…")] = None,
    code: int | None = None,
    limit: int = 20,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """List the latest alerts, the newest first; those of no known account too.

    Args:
        account: Only those of one account.
        code: Only those with this code.
        limit: How many, at most 1000.
        json: Print JSON, with what is kept of each request.
        location: Where.
    """
    async with operator(location) as ask:
        found = await ask.latest("alerts", account=account, code=code, limit=limit)
    none = output.nothing_of("alert", code=code, account=account)
    output.table(found, COLUMNS, json=json, none=none)


def tell_alert(alert: dict[str, Any], location: Location) -> None:
    """Print one alert, and what is kept of the request."""
    code, exchange = alert["code"], alert["exchange"]
    line((alert["sid"], "bold"), f"  {alert['date']}")
    line((alert["level"], "bold red"), f"  {code} {dictionary.title(code)}")
    line(("Account: ", "bold"), alert["account_sid"] or "none that is known here")
    if alert["repeats"]:
        line(("Repeats: ", "bold"), f"{alert['repeats']} more like it, up to {alert['date_updated']}")
    line()
    line(location.runnable(alert["text"]))
    if "method" in exchange:
        line()
        line(("Request: ", "bold"), f"{exchange['method']} {exchange['url']}")
    _pairs("Parameters", exchange.get("variables", ()))
    _pairs("Headers", exchange.get("headers", {}).items())
    if exchange.get("status") is not None:
        line(("Answer: ", "bold"), str(exchange["status"]))
    _pairs("Its headers", exchange.get("response_headers", {}).items())
    if "response_body" in exchange:
        line(("Its body: ", "bold"), exchange["response_body"])
    line()


def _pairs(title: str, pairs: Any) -> None:
    for name, value in pairs:
        line((f"{title}: ", "bold"), f"{name} = {value}")
        title = " " * len(title)
