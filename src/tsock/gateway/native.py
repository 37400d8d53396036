"""The hot part of a socket: its compiled twin where that was built, its reference in Python elsewhere."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

PURE_PYTHON = "TSOCK_PURE_PYTHON"
"""Names the environment variable that has the reference used, unless it is empty or `0`."""


def _missing() -> str | None:
    if os.environ.get(PURE_PYTHON, "") not in ("", "0"):
        return f"{PURE_PYTHON} is set"
    try:
        import_module("tsock.gateway.compiled")
    except ImportError as error:
        return f"{error}; install a wheel for this platform, or a C compiler and then tsock again"
    return None


missing = _missing()
"""Why the twin is not used; None where it is."""

if TYPE_CHECKING or missing is not None:
    from tsock.gateway.traffic import Outgoing, Traffic, send_to_all
else:
    from tsock.gateway.compiled import Outgoing, Traffic, send_to_all

__all__ = ["PURE_PYTHON", "Outgoing", "Traffic", "missing", "send_to_all"]
