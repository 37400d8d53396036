"""SIDs on the command line, in whichever letters they were typed."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter, Token

from tsock.ids import typed_sid


def _typed(_wanted: Any, tokens: Sequence[Token]) -> str:
    return typed_sid(tokens[0].value)


SID = Parameter(converter=_typed)
"""Of a parameter that is a SID, or a word in place of one."""

Sid: TypeAlias = Annotated[str, SID]
