"""`tsock check`: what is wrong with an installation."""

from typing import Any

from tsock.cli import output
from tsock.cli.exits import DONE, NO, decided
from tsock.cli.location import HERE, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson, line

_STYLES = {"ok": "green", "warning": "bold yellow", "problem": "bold red"}


async def check(*, json: AsJson = False, location: Location = HERE) -> int:
    """Find what is wrong with an installation, and show every setting in force with its origin.

    The exit code is 1 when something is broken; a warning does not count.
    """
    async with operator(location) as ask:
        found = await ask.get("check")
    code = NO if found["verdict"] == "problem" else DONE
    with decided(code):
        if json:
            output.document(found)
        else:
            _show(found)
    return code


def _show(found: dict[str, Any]) -> None:
    for each in found["checks"]:
        verdict = each["verdict"]
        line((f"{verdict:<9}", _STYLES[verdict]), (f"{each['id']:<12}", "cyan"), each["found"])
        if "fix" in each:
            line(" " * 21, ("fix: ", "bold"), each["fix"])
    line()
    output.table(found["settings"], ("name", "value", "origin"))
