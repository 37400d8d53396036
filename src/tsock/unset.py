"""What becomes of a variable without a value where it is made into text."""

import re

WRITTEN = (
    "undefined",
    "null",
    "None",
    "nil",
    "NaN",
    "NULL",
    "<nil>",
    "(null)",
    "<null>",
    "<none>",
    "nullptr",
    "%!s(<nil>)",
)
"""The words as languages write them."""

_WORDS = frozenset(map(str.lower, WRITTEN))
_is_template = re.compile(
    r"\$?\{\{?\s*[\w.$-]+\s*\}?\}"  # {sid}, {{ sid }}, ${SID}
    r"|<%=?[\s\w.$-]*%>"
    r"|\$\(?[A-Za-z_]\w*\)?"  # $SID, $(SID)
    r"|#\{\s*[\w.$-]+\s*\}"
    r"|%\(\w+\)s|%s|%\w+%",
    re.ASCII,
).fullmatch


def is_unset(text: str) -> bool:
    """Whether `text` is what a language writes of nothing, or a template that nothing was put into."""
    plain = text.strip()
    return plain.lower() in _WORDS or _is_template(plain) is not None
