"""Names of files and directories on the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclopts import CoercionError, Parameter, Token


def _path(_wanted: Any, tokens: Sequence[Token]) -> Path:
    if not tokens[0].value:  # of a variable that is not set: as a path it would be this directory
        raise CoercionError(token=tokens[0], target_type=Path)
    return Path(tokens[0].value)


FILE_NAME = Parameter(converter=_path)
"""Of a parameter that is a path."""
