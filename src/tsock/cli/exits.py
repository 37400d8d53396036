"""How a command ends: its exit code, and the errors that stand for one."""

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
