"""Whether what `make release-check` builds can be released: built, looked into, installed, started.

    python release/check.py

The source distribution and the wheel are left in `dist/`. Needs git, the build backend in this environment,
and an index of packages for the pinned dependencies. Exit code 1 tells what is wrong on standard error.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import venv
import zipfile
from pathlib import Path, PurePosixPath
from typing import NoReturn

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
PATIENCE_S = 60.0
POLL_S = 0.05

BESIDE_THE_SOURCE = {
    "CHANGELOG.md",
    "LICENSE",
    "PKG-INFO",
    "README.md",
    "pyproject.toml",
    ".gitignore",
    "hatch_build.py",
}
"""All that a source distribution holds but the package itself and what builds it."""
COMPILED = "gateway/compiled.*.so"
DATA = (
    COMPILED,
    "py.typed",
    "errors.json",
    "site/style.css",
    "site/templates/*.html",
    "storage/migrations/*.sql",
)
"""What the package needs beside modules, each at least once."""


def refuse(problem: str) -> NoReturn:
    sys.exit(f"release-check: {problem}")


def run(*command: str | Path, cwd: Path = ROOT, **environ: str) -> str:
    """Run a command to its end; what it printed."""
    ended = subprocess.run(
        command, cwd=cwd, env=_environment() | environ, stdout=subprocess.PIPE, text=True, check=False
    )
    if ended.returncode:
        refuse(f"`{' '.join(map(str, command))}` ended with exit code {ended.returncode}")
    return ended.stdout


def build() -> tuple[Path, Path]:
    """The source distribution and the wheel, made from the working tree."""
    shutil.rmtree(DIST, ignore_errors=True)
    hatchling = (sys.executable, "-m", "hatchling", "build", "--directory", str(DIST))
    run(*hatchling, TSOCK_PURE_PYTHON="0")  # fails without a compiler
    (source,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    return source, wheel


def package() -> set[str]:
    """The package's files as git knows them, from `tsock/` on."""
    return {path.removeprefix("src/") for path in run("git", "ls-files", "src/tsock").split()}


def check_source(source: Path, wanted: set[str]) -> None:
    with tarfile.open(source) as archive:
        held = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.getnames()}
    compare(source, held, {f"src/{path}" for path in wanted} | BESIDE_THE_SOURCE)


def check_wheel(wheel: Path, wanted: set[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    info = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    about = {
        f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }
    compiled = {path for path in held if PurePosixPath(path).match(f"tsock/{COMPILED}")}
    compare(wheel, held, wanted | about | compiled)
    for pattern in DATA:
        if not any(PurePosixPath(path).match(f"tsock/{pattern}") for path in held):
            refuse(f"{wheel.name} holds no tsock/{pattern}")


def compare(archive: Path, held: set[str], wanted: set[str]) -> None:
    if missing := wanted - held:
        refuse(f"{archive.name} lacks {', '.join(sorted(missing))}")
    if surplus := held - wanted:
        refuse(f"{archive.name} should not hold {', '.join(sorted(surplus))}")


def install(wheel: Path, directory: Path) -> Path:
    """The `tsock` of an environment that holds the wheel and its pinned dependencies, and nothing else."""
    venv.create(directory, with_pip=True)
    pip = (directory / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "install", "--require-hashes", "--requirement", ROOT / "requirements" / "run.txt")
    run(*pip, "install", "--no-deps", wheel)
    run(*pip, "check")
    return directory / "bin" / "tsock"


def check_version(tsock: Path, wheel: Path, directory: Path) -> None:
    told, built = (
        json.loads(run(tsock, "version", "--json", cwd=directory))["tsock"],
        wheel.name.split("-")[1],
    )
    if told != built:
        refuse(f"`tsock version` says {told}, the wheel is {built}")


def check_server(tsock: Path, directory: Path) -> None:
    """Start a server on a free port, ask it whether it is well, and end it."""
    variables = directory / "variables"
    command = (tsock, "dev", "--port", "0", "--env-file", variables)
    server = subprocess.Popen(command, cwd=directory, env=_environment(), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not variables.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                refuse("`tsock dev` did not start")
            time.sleep(POLL_S)
        url = dict(line.split("=", 1) for line in variables.read_text().splitlines())["TSOCK_URL"]
        with urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE_S) as answer:
            if answer.read() != b'{"status":"ok"}':
                refuse(f"{url}/healthz did not answer that all is well")
        server.send_signal(signal.SIGTERM)
        if code := server.wait(PATIENCE_S):
            refuse(f"`tsock dev` ended with exit code {code} on SIGTERM")
    finally:
        server.kill()


def _environment() -> dict[str, str]:
    """This environment without settings of tsock, and without ways to import what was not installed."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("TSOCK_", "PYTHONPATH"))
    }


def main() -> None:
    wanted = package()
    source, wheel = build()
    check_source(source, wanted)
    check_wheel(wheel, wanted)
    with tempfile.TemporaryDirectory(prefix="tsock-release-") as made:
        directory = Path(made)
        tsock = install(wheel, directory / "venv")
        check_version(tsock, wheel, directory)
        check_server(tsock, directory)
    print(f"{source.name} and {wheel.name} in dist/ hold what they should, and the wheel runs.")


if __name__ == "__main__":
    main()
