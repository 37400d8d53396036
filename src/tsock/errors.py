"""Every error of the server, by who must act on it.

    TsockError
    ├── ApiError           the caller: numbered, from the dictionary, carried as an HTTP-like status
    │   └── (raised by rules and handlers through the functions that know the code)
    ├── StoreBusy          the caller may repeat it later: too many writes wait for the store
    ├── StoreDown          the operator: the store could not commit
    └── ConfigError        the operator, at start: a setting or the installation is wrong

Refused tokens are not here: a token examination returns its verdict (`tokens/examiner.py`), and a peer that
breaks the protocol yields a `ProtocolViolation` event (`wire/connection.py`).
"""

from collections.abc import Mapping
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})


class TsockError(Exception):
    """Root of all errors raised on purpose."""


class ApiError(TsockError):
    """A request that cannot be carried out, with the documented code.

    `status` is the HTTP status, `code` the number in the error dictionary, `message` the public text: it
    says what was expected and never repeats a secret. `headers` go with it over HTTP, such as a challenge.
    `about` tells apart what is no repeat of the same, such as refusals of different objects. `fix` is what
    an operator can do, and the caller is not told; None for what the dictionary says of the code, empty where
    the message says it.
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        headers: Mapping[str, str] = _NONE,
        *,
        about: str = "",
        fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.about = about
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.status}/{self.code} {self.message}"


def invalid(problem: str) -> ApiError:
    """400/20422 for a parameter, header or body that is not what is expected; `problem` says what is."""
    return ApiError(400, 20422, f"Invalid Parameter: {problem}")


def not_found(what: str) -> ApiError:
    """404/20404; `what` says what there is none of."""
    return ApiError(404, 20404, f"The requested resource was not found: {what}")


class StoreBusy(TsockError):
    """Too many writes wait for the store; nothing was done, the request may be repeated."""


class StoreDown(TsockError):
    """The store could not commit; nothing of the request was done, or its outcome is unknown."""


class ConfigError(TsockError):
    """A setting or the installation is wrong; the text names the setting and what to do."""


def public(error: Exception) -> ApiError:
    """What the caller of a request is told of whatever it raised: nothing of the server's insides."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, StoreBusy | StoreDown):
        return ApiError(503, 20503, "Service unavailable: the write was not stored, try again")
    return ApiError(500, 20500, "Internal Server Error")
