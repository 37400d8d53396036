"""Text that a command takes as an argument or, where that is `-`, from standard input."""

import sys

from tsock.cli import output
from tsock.errors import ConfigError

BYTES_MAX = 1024 * 1024


def pasted(argument: str) -> str:
    """The text, without the line break that a program before the pipe ended it with.

    Raises:
        ConfigError: see `standard_input`.
    """
    if argument != "-":
        return argument
    return standard_input().decode(errors="replace").removesuffix("\n").removesuffix("\r")


def standard_input() -> bytes:
    """All of it; who sits at a terminal is asked to paste it.

    Raises:
        ConfigError: it is larger than anything that is taken there.
    """
    if sys.stdin.isatty():
        output.remark("paste it here, then press Enter and Ctrl-D")
    raw = sys.stdin.buffer.read(BYTES_MAX + 1)
    if len(raw) > BYTES_MAX:
        raise ConfigError(
            f"standard input holds more than {BYTES_MAX} bytes; an Access Token has at most 8192, and a "
            "template not many more"
        )
    return raw
