"""Structured logs, and the certainty that nothing secret reaches them.

Every line, whether it comes from this package or from a library, passes through `redact` last before it is
rendered. That is a net below careful callers, not a reason to be careless: what to log is a SID, an error
code, a hash.
"""

import functools
import logging
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import IO, Literal, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from tsock.telemetry.printable import printable

REDACTED = "[redacted]"

SECRET_NAMES = (
    "authorization",
    "body",
    "cookie",
    "credential",
    "data",
    "master_key",
    "password",
    "payload",
    "secret",
    "token",
)
"""A value is dropped when its name ends in one of these, such as `auth_token`, `keySecret`, `Cookies`."""

TEXT_CHARS_MAX = 16 * 1024
"""A longer text is cut: a peer that sends much must not fill the log."""

DEPTH_MAX = 6
"""How deep a logged value may be nested; what lies deeper is dropped."""

# Each pattern is tried at the beginning of a run of letters only and never goes back, so that hostile text
# costs no more time than other text.
_PATTERNS = (
    # A JWT or a continuation token, whole or cut off: base64url of a JSON object, a dot, more base64.
    (re.compile(r"(?a)(?<![\w-])e[wy][\w-]{6,}+(?:\.[\w+/=-]*+)+"), REDACTED),
    # Any three long parts in base64url, should a token's header begin in some other way.
    (re.compile(r"(?a)(?<![\w-])[\w-]{20,}+\.[\w-]{20,}+\.[\w-]{20,}+"), REDACTED),
    # An Auth Token or a key secret: 32 letters and digits. A SID has two letters more.
    (
        re.compile(r"(?<![a-zA-Z0-9])(?=[a-zA-Z]*\d)(?=\d*[a-zA-Z])[a-zA-Z0-9]{32}(?![a-zA-Z0-9])"),
        REDACTED,
    ),
    # What a temporary URL of media ends in, but for the SID of the media.
    (re.compile(r"(?<=ME[0-9a-f]{32})\.[0-9]{1,13}\.[\w-]{43,}+"), f".{REDACTED}"),
    # secret=…, "token": "…", auth_token='…', as in a query string, JSON or the text of an object.
    (
        re.compile(
            r"""(?ix) ( (?:authorization|body|data|master_?key|password|payload|secret|token)
            (?: = | ['"]\s*+:\s*+ ) )
            (?: b?"(?:[^"\\]|\\.)*+"? | b?'(?:[^'\\]|\\.)*+'? | [^\s,;&)}\]]++ )"""
        ),
        rf"\1{REDACTED}",
    ),
    # HTTP credentials, and a password before the host of a URL.
    (re.compile(r"(?i)\b(basic|bearer)\s++[\w+/=.~-]{6,}+"), rf"\1 {REDACTED}"),
    (re.compile(r"(//[^\s/:@]*+:)[^\s/@]++@"), rf"\1{REDACTED}@"),
    # Bytes in the text of an object: customer JSON travels as bytes.
    (re.compile(r"""\bb(?:"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')"""), "[bytes]"),
)


def redact(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Replace what is or may hold a token, a secret or customer data; a structlog processor."""
    return {name: REDACTED if _is_secret(name) else redacted(value) for name, value in line.items()}


def redacted(value: object, depth: int = DEPTH_MAX) -> object:
    """`value` fit for a log: texts without anything that looks secret, bytes as their number."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _without_secrets(value)
    if isinstance(value, bytes | bytearray):
        return f"[{len(value)} bytes]"
    if depth == 0:
        return REDACTED
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {
            _without_secrets(str(name)): REDACTED if _is_secret(str(name)) else redacted(inner, depth - 1)
            for name, inner in items
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(inner, depth - 1) for inner in cast("Iterable[object]", value)]
    return _without_secrets(repr(value))


def configure(
    level: Literal["debug", "info", "warning", "error"],
    style: Literal["auto", "console", "json"],
    stream: IO[str] = sys.stderr,
    *,
    without: Collection[str] = (),
) -> None:
    """Send the logs of the whole process to `stream`, those of libraries included.

    Args:
        level: the least severe line that is written.
        style: `console` for reading, `json` for one object per line, `auto` for whichever fits `stream`.
        stream: where lines go; standard output stays free for what commands print.
        without: lines that are left out, by their event: somebody else tells what they do.
    """
    on_terminal = stream.isatty()
    for_reading = style == "console" or (style == "auto" and on_terminal)
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers: list[Processor] = (
        [
            _legible,
            structlog.dev.ConsoleRenderer(
                colors=on_terminal, exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
            ),
        ]
        if for_reading
        else [structlog.processors.JSONRenderer()]  # which escapes whatever is not ASCII
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,  # an exception must be text before it is searched
                redact,
                *renderers,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            functools.partial(_leave_out, frozenset(without)),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


_LINED = frozenset(("exception", "stack"))
"""What a line of the log has below it."""


def _legible(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Texts that steer no terminal; what lies deeper is shown by its `repr`, which escapes as well."""
    return {
        name: (_lined if name in _LINED else printable)(value) if isinstance(value, str) else value
        for name, value in line.items()
    }


def _lined(text: str) -> str:
    """Several lines, set in: one of an error's own making is not to pass for the log's next."""
    return "\n".join(f"    {printable(each)}" for each in text.splitlines())


def _leave_out(events: Collection[str], _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    if line["event"] in events:
        raise structlog.DropEvent
    return line


def _is_secret(name: str) -> bool:
    return name.lower().removesuffix("s").endswith(SECRET_NAMES)


def _without_secrets(text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        text = text[:TEXT_CHARS_MAX] + "…"
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
