"""How this program is called, so that what is printed can be run as it stands."""

import shlex
import shutil
import sys
from pathlib import Path


def command(*arguments: str) -> str:
    """A command line of ours for a POSIX shell."""
    return shlex.join([*_program(), *arguments])


def _program() -> list[str]:
    """The name, where the shell finds it by that; else the whole path: the next terminal may be elsewhere."""
    path = Path(sys.argv[0])
    if path.name == "__main__.py":
        return [sys.executable, "-m", "tsock"]
    found = shutil.which("tsock")
    if found is not None and path.exists() and path.samefile(found):
        return ["tsock"]
    return [str(path.absolute())]
