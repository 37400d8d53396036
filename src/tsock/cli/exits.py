"""How a command ends: its exit code, and the errors that stand for one."""

from collections.abc import Generator
from contextlib import contextmanager

from tsock.errors import TsockError

DONE = 0
NO = 1
"""The answer is no: denied, refused, not found."""
WRONG = 2
"""The command line, a setting or the installation is wrong."""
INTERRUPTED = 130
"""What a shell reports of a process that SIGINT ended."""


class Refused(TsockError):
    """The operator's door says no, with a code of the error dictionary."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Gone(TsockError):
    """The server ended, or did not answer in time."""


class Unread(TsockError):
    """Whoever reads the output had enough of it; the exit code had been decided."""

    def __init__(self, code: int) -> None:
        super().__init__("the output was not read to its end")
        self.code = code


@contextmanager
def decided(code: int) -> Generator[None]:
    """Print within this what explains an exit code: however little of it is read, the code stays."""
    try:
        yield
    except BrokenPipeError:
        raise Unread(code) from None
