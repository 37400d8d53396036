"""Answers the questions of `tsock.bench`, each with a fresh `tsock serve`, and prints a table."""

import argparse
import asyncio
import json
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench import postgres
from bench.server import NONE, started
from tsock.bench import machine
from tsock.bench.figures import COLUMNS, Figure, Scale, row
from tsock.bench.process import allow_many_files, pin
from tsock.bench.questions import QUESTIONS, Name, answer


def main() -> None:
    """Answer the questions named on the command line, or all of them."""
    options = _options()
    allow_many_files()
    pin(0, -1)
    if options.postgres:
        postgres.start()
    with tempfile.TemporaryDirectory(dir=options.disk) as place:
        about = machine.describe(Path(place))
        print(f"{about['cpu']}, {about['kernel']}, Python {about['python']}")
        print(f"fdatasync {about['fdatasync_us']:.0f} us, one send {about['send_us']:.1f} us CPU\n")
        print(_line(COLUMNS), _line(["---"] * len(COLUMNS)), sep="\n")
        for name in options.question or QUESTIONS:
            for figure in _answer(name, Path(place), Scale(options.share, options.seconds), options):
                print(_line(row(figure).values()), flush=True)
                if options.history:
                    _keep(options.history, figure, about)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("question", nargs="*", choices=[[], *QUESTIONS], help="default: all")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of clients and items")
    parser.add_argument("--seconds", type=float, default=5.0, help="that each case is measured")
    parser.add_argument("--disk", type=Path, help="directory on the disk to commit to")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, which runs beside the load")
    parser.add_argument("--round-trip-ms", type=float, default=0.0, help="added to each one to PostgreSQL")
    parser.add_argument("--history", type=Path, help="file of JSON lines to append the results to")
    return parser.parse_args()


def _answer(name: Name, directory: Path, scale: Scale, options: argparse.Namespace) -> list[Figure]:
    settings = postgres.settings(options.round_trip_ms) if options.postgres else nullcontext(NONE)
    with (
        settings as given,
        started(directory, given) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(answer(name, server, scale))


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _keep(path: Path, figure: Figure, about: dict[str, Any]) -> None:
    line = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **about,
        **msgspec.to_builtins(figure),
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


main()
