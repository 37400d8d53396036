"""What happens on a server for development, told for reading: who comes and goes, what fails, what helps.

It takes the place of the log's lines about the same.
"""

import time
from datetime import datetime

from tsock import dictionary
from tsock.cli.output import line
from tsock.cli.program import command, runnable
from tsock.rates import Rate
from tsock.telemetry.tail import Happening

PER_S, BURST = 20, 100
"""So many happenings are told; of more than that, only how many there were."""

TOLD = frozenset(
    (
        "client.denied",
        "connection.ended",
        "credentials.refused",
        "host.refused",
        "request.lost",
        "webhook.given_up",
        "webhook.not_delivered",
    )
)
"""The log's lines about what is told here."""

_CONNECTIONS = {"accepted": "connected", "closed": "left"}
_INDENT = " " * 24


class Feed:
    """Writes to standard error."""

    def __init__(self, port: int, *, connections: bool) -> None:
        """Take what decides what is said.

        Args:
            port: of the server, for commands that say more.
            connections: whether those who connect and leave are told of.
        """
        self._here = ("--port", str(port))
        self._connections = connections
        self._rate = Rate(PER_S, BURST, time.monotonic)
        self._left_out = 0

    def hear(self, happening: Happening) -> None:
        """Tell of one happening. Changes are left out: they are what a server is for."""
        kind = happening.kind
        if kind == "event" or (kind == "connection" and not self._connections):
            return
        if not self._rate.take("feed"):
            self._left_out += 1
            return
        if self._left_out:
            line(_INDENT, (f"and {self._left_out} more, which were too many to tell", "dim"), errors=True)
            self._left_out = 0
        match kind:
            case "connection":
                self._connection(happening)
            case "webhook":
                self._say(happening, ("webhook", "green"), f"{happening.what} delivered {happening.detail}")
            case "denial":
                self._trouble(happening, "denied", "why")
            case _:
                self._trouble(happening, "error", "why" if kind == "alert" else "errors")

    def _connection(self, happening: Happening) -> None:
        word, who, detail = _CONNECTIONS.get(happening.what), happening.identity, happening.detail
        if word is not None and who:
            self._say(happening, (word, "cyan"), ", ".join(filter(None, (who, detail))))
        elif word is None and happening.what != "refused":  # that is told as the denial
            reason = happening.what.replace("_", " ")
            self._say(happening, ("ended", "cyan"), ": ".join(filter(None, (who, reason, detail))))

    def _trouble(self, happening: Happening, word: str, more: str) -> None:
        """Something went wrong: what, of whom, what helps, and the command that says more."""
        trouble = happening.trouble
        assert trouble is not None
        code = trouble.code
        entry = dictionary.lookup(code)
        title, fixes = (entry.title, entry.fixes) if entry else ("", ())
        whose = ", ".join(filter(None, (happening.identity, trouble.request)))
        style = "bold red" if word == "denied" else "red"
        self._say(happening, (word, style), ", ".join(filter(None, (f"{code} {title}".rstrip(), whose))))
        line(_INDENT, happening.detail.removeprefix(f"{title}: "), errors=True)
        fix = next(iter(fixes), "") if trouble.fix is None else trouble.fix
        if fix:
            line(_INDENT, ("fix: ", "bold"), runnable(fix, *self._here), errors=True)
        asked = ("errors", str(code)) if more == "errors" else ("why", happening.topic, *self._here)
        line(_INDENT, (command(*asked), "dim"), errors=True)

    def _say(self, happening: Happening, word: tuple[str, str], text: str) -> None:
        at = datetime.fromtimestamp(happening.at_ms / 1000).astimezone()
        name, style = word
        line(
            (f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}  ", "dim"),
            (f"{name:<10}", style),
            text,
            errors=True,
        )
