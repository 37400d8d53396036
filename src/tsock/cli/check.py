"""`tsock check`: what is wrong with an installation."""

import asyncio
from pathlib import Path
from typing import Any

from tsock import __version__
from tsock.cli import output
from tsock.cli.exits import DONE, NO, decided
from tsock.cli.location import HERE, Location, locate
from tsock.cli.operator import operator
from tsock.cli.output import AsJson, line
from tsock.errors import ConfigError
from tsock.installation import layout
from tsock.installation.lost_files import lost_files
from tsock.storage.sqlite.flaws import flaws

LOST_NAMED = 3
"""So many lost files are named."""

_STYLES = {"ok": "green", "warning": "bold yellow", "problem": "bold red"}


async def check(*, json: AsJson = False, location: Location = HERE) -> int:
    """Find what is wrong with an installation, and show every setting in force with its origin.

    The exit code is 1 when something is broken; a warning does not count.
    """
    place = locate(location)
    if place.loaded.settings.database_url is not None:
        async with operator(location) as ask:
            return _told(await ask.get("check"), location, json=json)
    data = place.data
    database = await _database(data / layout.DATABASE)
    is_damaged = database["verdict"] == "problem"
    found: dict[str, Any]
    try:
        async with operator(location) as ask:
            found = await ask.get("check")
    except ConfigError:
        if not is_damaged:
            raise
        found = {"version": __version__, "checks": [], "settings": []}  # nothing else can be said of it
    found["checks"].insert(1, database)
    if not is_damaged:
        found["checks"].insert(2, await _files(data))
    if any(each["verdict"] == "problem" for each in found["checks"]):
        found["verdict"] = "problem"
    return _told(found, location, json=json)


def _told(found: dict[str, Any], location: Location, *, json: bool) -> int:
    code = NO if found["verdict"] == "problem" else DONE
    with decided(code):
        if json:
            output.document(found)
        else:
            _show(found, location)
    return code


async def _database(path: Path) -> dict[str, str]:
    """What SQLite's quick check says; it takes a while, so it is made here and not by the server."""
    wrong = await asyncio.to_thread(flaws, path)
    line = {"id": "database", "verdict": "problem" if wrong else "ok", "found": "; ".join(wrong) or "sound"}
    if wrong:
        line["fix"] = "stop the server, move the directory away, put a copy back: tsock restore"
    return line


async def _files(data: Path) -> dict[str, str]:
    """Whether every file of conversations is there; the server looks at one when somebody asks for it."""
    lost, there = await asyncio.to_thread(lost_files, data)
    if not lost:
        return {"id": "files", "verdict": "ok", "found": f"all {there} of conversations are there"}
    named = ", ".join(lost[:LOST_NAMED]) + (", …" if len(lost) > LOST_NAMED else "")
    return {
        "id": "files",
        "verdict": "problem",
        "found": f"{len(lost)} of {there} of conversations are gone or cut short: {named}",
        "fix": f"put them back below {data / layout.MEDIA}, from a copy that tsock backup made",
    }


def _show(found: dict[str, Any], location: Location) -> None:
    for each in found["checks"]:
        verdict = each["verdict"]
        line((f"{verdict:<9}", _STYLES[verdict]), (f"{each['id']:<12}", "cyan"), each["found"])
        if "fix" in each:
            line(" " * 21, ("fix: ", "bold"), location.runnable(each["fix"]))
    if found["settings"]:
        line()
        output.table(found["settings"], ("name", "value", "origin"))
