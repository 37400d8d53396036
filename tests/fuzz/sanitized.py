"""Gives the compiled twin random input, built with sanitizers, which end the process where memory is misused.

    python -m tests.fuzz.sanitized 300             # seconds
    python -m tests.fuzz.sanitized 300 --seed 7    # the same inputs once more

It is built and run aside. The engine of the other targets takes no sanitizers but those of clang, so that the
inputs are drawn here, from the same seeds; both twins get them just as there.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
OPTIONS = [
    "-O1",
    "-g",
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]
RUNTIMES = ("libasan.so", "libubsan.so")
CHANGES_MAX = 8
CHANGED_BYTES_MAX = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--built", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.built is None:
        sys.exit(start(options.seconds, options.seed))
    run(options.built, options.seconds, options.seed)


def start(seconds: float, seed: int) -> int:
    """Builds the twin, and runs this once more with what its sanitizers need."""
    from hatch_build import made_in

    with tempfile.TemporaryDirectory(prefix="tsock-sanitized-") as place:
        built = made_in(Path(place), ROOT, OPTIONS)
        environment = {
            "LD_PRELOAD": " ".join(map(runtime, RUNTIMES)),
            "PYTHONMALLOC": "malloc",  # Python's own would hide what is beyond an object
            "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter frees little at its end
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        again = [
            sys.executable,
            "-m",
            "tests.fuzz.sanitized",
            str(seconds),
            "--seed",
            str(seed),
            "--built",
            str(built.parent),
        ]
        return subprocess.run(again, env=os.environ | environment, cwd=ROOT, check=False).returncode


def runtime(name: str) -> str:
    told = subprocess.run(["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True)
    return told.stdout.strip()


def run(built: Path, seconds: float, seed: int) -> None:
    import tsock.gateway

    tsock.gateway.__path__.insert(0, str(built))
    from tests.fuzz.twins import SEEDS, compiled, one_input

    assert Path(compiled.__file__).parent == built
    print(f"seed {seed}", flush=True)
    chance, number, end_s = Random(seed), 0, time.monotonic() + seconds
    while time.monotonic() < end_s:
        data = changed(chance, chance.choice(SEEDS))
        try:
            one_input(data)
        except Exception as error:
            error.add_note(f"The input was {data!r}")
            raise
        number += 1
    print(f"{number} inputs in {seconds:g} s")


def changed(chance: Random, data: bytes) -> bytes:
    """`data` with bytes replaced, removed and added in some places."""
    changing = bytearray(data)
    for _ in range(chance.randrange(CHANGES_MAX)):
        at = chance.randrange(len(changing) + 1)
        removed, added = (chance.randrange(CHANGED_BYTES_MAX) for _ in range(2))
        changing[at : at + removed] = chance.randbytes(chance.choice((removed, added)))
    return bytes(changing)


if __name__ == "__main__":
    main()
