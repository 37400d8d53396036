"""One of a few words on the command line, in capitals too."""

from collections.abc import Sequence
from typing import Any, get_args

from cyclopts import CoercionError, Parameter, Token


def _choice(wanted: Any, tokens: Sequence[Token]) -> str:
    word = tokens[0].value.lower()
    if word not in get_args(wanted):
        raise CoercionError(token=tokens[0], target_type=wanted)
    return word


ANY_CASE = Parameter(converter=_choice)
"""Of a parameter whose words are in lower case."""
