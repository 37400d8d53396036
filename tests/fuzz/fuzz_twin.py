"""Fuzzes what was compiled beside its reference in Python: nobody can tell by which of them he is served.

Options are those of libFuzzer; what an input says is told in `twins.py`:

    python tests/fuzz/fuzz_twin.py -max_total_time=300
    python tests/fuzz/fuzz_twin.py crash-0123abcd      # repeat one input
"""

import sys
from pathlib import Path
from typing import Any

import atheris

FUZZER: Any = atheris  # published without types
sys.path.insert(0, str(Path(__file__).parents[2]))

with FUZZER.instrument_imports(include=["tsock.gateway", "tsock.wire"]):
    from tests.fuzz.twins import SEEDS, one_input


def mutate(data: bytes, size_max: int, seed: int) -> bytes:
    """Starts now and then from what clients and servers write, so that no corpus has to be kept."""
    start = data if seed % 8 else SEEDS[seed // 8 % len(SEEDS)]
    return FUZZER.Mutate(start[:size_max], size_max)


if __name__ == "__main__":
    FUZZER.Setup(sys.argv, one_input, custom_mutator=mutate)
    FUZZER.Fuzz()
