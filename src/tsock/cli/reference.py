"""The reference page of all commands: `python -m tsock.cli.reference > docs/reference/cli.md`."""

import re
import sys

from tsock.cli.main import app
from tsock.settings import SECTIONS

_INTRODUCTION = """\
# Commands

This page is generated from `src/tsock/cli`; a test compares the two. `tsock COMMAND --help` shows the same.

A command that asks about an installation asks the server that runs on it, through the socket file in its
data directory; where none runs, it opens the directory itself. The directory is the one that `--data` names,
else that of the server on `--port`, else what `TSOCK_DATA` or `tsock.toml` names, else that of your server
on port 8080, which is how `tsock why DN…` finds a `tsock dev` in another terminal.

| Exit code | Meaning |
| --- | --- |
| 0 | Done. |
| 1 | The answer is no: a token that would be denied, something not found, a change refused. |
| 2 | The command line, a setting or the installation is wrong. |
| 130 | Ended by Ctrl-C. |

Results go to standard output, everything else to standard error. On a terminal there is colour (unless
`NO_COLOR` is set); in a pipe a table has one line for each entry and nothing is cut.
"""

_SETTINGS = "Every setting is a flag, too: see [Settings](settings.md).\n\n"


def page() -> str:
    """The whole page, as Markdown."""
    app.resolved_commands()
    # The generator takes a command of a command for a program, and adds the name of the module that runs.
    generated = re.sub(r"^(tsock [a-z ]+?) -m \S+", r"\1", app.generate_docs(), flags=re.MULTILINE)
    commands = generated[generated.index("## tsock dev") :]
    first, *others = (rf"\*\*{re.escape(title)}\*\*:\n\n(?:\* .*\n)+\n?" for title in SECTIONS.values())
    commands = re.sub(first, _SETTINGS, commands)
    commands = re.sub("|".join(others), "", commands)
    return f"{_INTRODUCTION}\n{commands.rstrip()}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
