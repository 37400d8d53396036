"""The engine of the targets: libFuzzer, by way of `atheris`.

A target is a module that is run. Its options are those of libFuzzer:

    python -m tests.fuzz.fuzz_frame -max_total_time=300
    python -m tests.fuzz.fuzz_frame crash-0123abcd      # repeat one input
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import atheris

_ENGINE: Any = atheris  # published without types


def instrumented(*packages: str) -> AbstractContextManager[Any]:
    """Within it, what is imported of these packages tells the engine where an input leads."""
    return _ENGINE.instrument_imports(include=list(packages))


def fuzz(one_input: Callable[[bytes], None], seeds: Sequence[bytes]) -> None:
    """Give `one_input` what becomes of the seeds, until it raises or time is up."""

    def mutate(data: bytes, size_max: int, seed: int) -> bytes:
        # Starts now and then from a seed, so that no corpus has to be kept.
        start = data if seed % 8 else seeds[seed // 8 % len(seeds)]
        return _ENGINE.Mutate(start[:size_max], size_max)

    _ENGINE.Setup(sys.argv, one_input, custom_mutator=mutate)
    _ENGINE.Fuzz()
