"""`tsock tail`: what happens on a running server, as it happens."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from cyclopts import Parameter

from tsock.cli.choice import ANY_CASE
from tsock.cli.location import HERE, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson, document, line, remark
from tsock.cli.sid import SID
from tsock.errors import ConfigError
from tsock.telemetry.tail import Category

INTERVAL_S = 0.3

_STYLES = {
    "connection": "cyan",
    "denial": "bold red",
    "alert": "red",
    "rejection": "red",
    "webhook": "green",
    "event": "green",
}


async def tail(
    *,
    kind: Annotated[Category | None, ANY_CASE] = None,
    account: Annotated[str | None, SID, Parameter(metavar="AC…")] = None,
    identity: str | None = None,
    topic: Annotated[str | None, SID, Parameter(name="--object", metavar="SID")] = None,
    everywhere: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Watch a running server: connections, denials, errors, webhooks and events, until Ctrl-C.

    Args:
        kind: Only happenings of this kind; the alert of a denial is told as the denial, and a request whose
            error makes no alert is a rejection.
        account: Only those of one account.
        identity: Only those of one identity; no events, which do not tell who caused them.
        topic: Only what happens to one Sync object.
        everywhere: On all nodes that share a database, each line with its node.
        json: Print one JSON object per line.
        location: Where.
    """
    if identity is not None and (kind == "event" or topic is not None):
        raise ConfigError(
            "--identity: events do not tell who caused them; choose them by --account or --object instead"
        )
    wanted = {"kind": kind, "account": account, "identity": identity, "topic": topic}
    filters = {name: value for name, value in wanted.items() if value is not None}
    async with operator(location, live=True) as ask:
        scope = {"all": 1} if everywhere else {}
        seen = (await ask.get("tail", **scope))["latest"]
        remark("watching; Ctrl-C ends")
        if identity is not None and kind is None:
            remark("events are not shown: they do not tell who caused them")
        while True:
            news = await ask.get("tail", after=seen, **scope)
            seen = news["latest"]
            for each in news["happenings"]:
                if "left_out" in each:
                    remark(f"and {each['left_out']} more on {each['node']}, which were too many to tell")
                if all(each.get(name, "") == value for name, value in filters.items()):
                    _show(each, json=json)
            await asyncio.sleep(INTERVAL_S)


def _show(happening: dict[str, Any], *, json: bool) -> None:
    if json:
        document(happening, indent=0)
        return
    kind = happening["kind"]
    at = datetime.fromtimestamp(happening["at_ms"] / 1000).astimezone()
    request = happening.get("trouble", {}).get("request")
    whose = (happening.get(name) for name in ("account", "identity", "topic"))
    subjects = (*whose, request, happening.get("detail"))
    line(
        (f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}  ", "dim"),
        *((f"{each}  ", "dim") for each in filter(None, [happening.get("node")])),
        (f"{kind:<10}  ", _STYLES[kind]),
        (happening["what"], "bold"),
        *(f"  {subject}" for subject in subjects if subject),
    )
