"""`tsock check`: what is wrong with an installation."""

from tsock.cli import output
from tsock.cli.operator import operator
from tsock.cli.output import AsJson, line
from tsock.cli.target import HERE, Target

_STYLES = {"ok": "green", "warning": "bold yellow", "problem": "bold red"}


async def check(*, json: AsJson = False, target: Target = HERE) -> int:
    """Find what is wrong with an installation, and show every setting in force with its origin.

    The exit code is 1 when something is broken; a warning does not count.
    """
    async with operator(target) as ask:
        found = await ask.get("check")
    if json:
        output.document(found)
    else:
        for each in found["checks"]:
            verdict = each["verdict"]
            line((f"{verdict:<9}", _STYLES[verdict]), (f"{each['id']:<12}", "cyan"), each["found"])
            if "fix" in each:
                line(" " * 21, ("fix: ", "bold"), each["fix"])
        line()
        output.table(found["settings"], ("name", "value", "origin"))
    return 1 if found["verdict"] == "problem" else 0
