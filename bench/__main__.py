"""Runs the questions, each against a fresh `tsock dev` on a disk of your choice, and prints a table."""

import argparse
import asyncio
import gc
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from bench import connect, fanout, idle, machine, reconnect, writes
from bench.figures import Figure, Scale, heads, keep, row
from bench.process import pin
from bench.server import Target, started

QUESTIONS: dict[str, Callable[[Target, Scale], Awaitable[list[Figure]]]] = {
    "connect": connect.measure,
    "fanout": fanout.measure,
    "writes": writes.measure,
    "reconnect": reconnect.measure,
    "idle": idle.measure,
}


def main() -> None:
    """Answer the questions named on the command line, or all of them."""
    options = _options()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    scale = Scale(options.share, options.seconds)
    with tempfile.TemporaryDirectory(dir=options.disk) as place:
        directory = Path(place)
        about = machine.describe(directory)
        print(f"{about['cpu']}, {about['kernel']}, Python {about['python']}")
        print(
            f"fdatasync {about['fdatasync_us']:.0f} us, one send {about['send_us']:.1f} us CPU\n\n{heads()}"
        )
        pin(0, -1)
        for name in options.question or QUESTIONS:
            with started(directory) as target:
                figures = _run(QUESTIONS[name], target, scale)
            for figure in figures:
                print(row(figure), flush=True)
                if options.history:
                    keep(options.history, figure, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), about)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("question", nargs="*", choices=[[], *QUESTIONS], help="default: all")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of clients")
    parser.add_argument("--seconds", type=float, default=5.0, help="that each case is measured")
    parser.add_argument("--disk", type=Path, help="directory on the disk to commit to")
    parser.add_argument("--history", type=Path, help="file of JSON lines to append the results to")
    return parser.parse_args()


def _run(
    question: Callable[[Target, Scale], Awaitable[list[Figure]]], target: Target, scale: Scale
) -> list[Figure]:
    """Run to the end, or to the first thing that goes wrong anywhere."""
    failures: list[BaseException] = []

    async def answer() -> list[Figure]:
        asking = asyncio.ensure_future(question(target, scale))

        def fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            failures.append(context.get("exception") or RuntimeError(context["message"]))
            asking.cancel()

        asyncio.get_running_loop().set_exception_handler(fail)
        return await asking

    gc.disable()  # a pause of the load would look like one of the server
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(answer())
    except asyncio.CancelledError:
        raise failures[0] if failures else KeyboardInterrupt from None
    finally:
        gc.enable()


main()
