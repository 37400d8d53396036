"""How this program is called, so that what is printed can be run as it stands."""

import re
import shlex
import shutil
import sys
from pathlib import Path

_NOWHERE = frozenset(("dev", "errors", "serve", "version"))
"""Commands that are about no installation, or start one."""
_quoted = re.compile(r"""`tsock (?P<arguments>(?:'[^']*'|"[^"]*"|[^`'"])+)`""")


def command(*arguments: str) -> str:
    """A command line of ours for a POSIX shell."""
    return shlex.join([*_program(), *arguments])


def runnable(text: str, *where: str) -> str:
    """`text`, each command of ours that it quotes as it can be run from the next terminal.

    Args:
        text: says `tsock account create`, as a server does, which knows neither where this program is nor how
            it was told of the server.
        where: flags that name the installation, for commands about one that name none.
    """
    return _quoted.sub(lambda found: f"`{_completed(found['arguments'], where) or found[0][1:-1]}`", text)


def _completed(arguments: str, where: tuple[str, ...]) -> str | None:
    try:
        words = shlex.split(arguments)
    except ValueError:
        return None  # somebody's name may hold anything
    is_placed = words[:1] and (words[0] in _NOWHERE or "--data" in words or "--port" in words)
    return command(*words, *(() if is_placed else where))


def _program() -> list[str]:
    """The name, where the shell finds it by that; else the whole path: the next terminal may be elsewhere."""
    path = Path(sys.argv[0])
    if path.name == "__main__.py":
        return [sys.executable, "-m", "tsock"]
    found = shutil.which("tsock")
    if found is not None and path.exists() and path.samefile(found):
        return ["tsock"]
    return [str(path.absolute())]
