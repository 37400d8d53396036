"""The command `tsock`: its subcommands, and what the exit code says.

0: done. 1: the answer is no (denied, refused, not found). 2: the command line or the installation is wrong.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from tsock import __version__
from tsock.cli import output
from tsock.errors import ConfigError

DONE, NO, WRONG = 0, 1, 2
INTERRUPTED = 130
"""What a shell reports of a process that SIGINT ended."""

app = App(
    "tsock",
    help="A self-hosted realtime backend for the official Twilio client SDKs.",
    version=f"tsock {__version__}",
    help_format="markdown",
)
# Given as text, so that a command imports only what it needs.
app.command("tsock.cli.dev:dev")
app.command("tsock.cli.serve:serve")


def main() -> None:
    """Run the command that the arguments of the process name, and exit."""
    os.umask(0o077)  # whatever a command writes is for its user alone
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    try:
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except (CycloptsError, ConfigError) as error:
        output.complaint(str(error))
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has enough. What is still buffered must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return DONE if code is None else code
