"""The command `tsock`: its subcommands, and the exit code that each error ends with."""

import io
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group

from tsock import __version__
from tsock.cli import misuse, output
from tsock.cli.exits import DONE, INTERRUPTED, NO, WRONG, Gone, Refused, Unread
from tsock.errors import ConfigError

app = App(
    "tsock",
    help="A self-hosted realtime backend for the official Twilio client SDKs.",
    version=f"tsock {__version__}",
    help_format="markdown",
)
_COMMANDS = {
    "Servers": ("dev:dev", "serve:serve", "tail:tail", "check:check", "cluster:cluster", "bench:bench"),
    "Copies": ("backup:backup", "backup:restore", "backup:epoch", "copy:copy"),
    "Tokens and refusals": (
        "token:token",
        "doctor:doctor",
        "denials:why",
        "denials:denials",
        "alerts:alerts",
        "errors:errors",
    ),
    "Administration": (
        "account:account",
        "key:key",
        "service:service",
        "permission:permission",
        "webhook:webhook",
        "template:template",
        "receipt:receipt",
        "revoke:revoke",
        "audit:audit",
        "version:version",
    ),
}
for _title, _places in _COMMANDS.items():
    _group = Group.create_ordered(_title)  # pyright: ignore[reportUnknownMemberType]
    for _number, _place in enumerate(_places):
        # As text, so that running a command imports only what it needs.
        app.command(f"tsock.cli.{_place}", group=_group, sort_key=_number)


def main() -> None:
    """Run the command that the arguments of the process name, and exit."""
    os.umask(0o077)  # whatever a command writes is for its user alone
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows ? instead of an error
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    code = None
    try:
        if not arguments or arguments[0].startswith("-"):
            app.resolved_commands()  # the overview shows what each is for
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        output.complaint(misuse.said(app, error))
        return WRONG
    except ConfigError as error:
        output.complaint(str(error))
        return WRONG
    except Refused as refused:
        output.complaint(f"{refused} ({refused.code})")
        return NO
    except Gone as gone:
        output.complaint(str(gone))
        return NO
    except PermissionError as error:
        output.complaint(f"{error.filename}: {error.strerror}; it belongs to another user of this machine")
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    except Unread as unread:
        output.discard(sys.stdout)
        return unread.code
    except BrokenPipeError:
        output.discard(sys.stdout)
    return DONE if code is None else code
