"""Fuzzes what was compiled beside its reference in Python: nobody can tell by which of them he is served.

What an input says is told in `twins.py`.
"""

from tests.fuzz.engine import fuzz, instrumented

with instrumented("tsock.gateway", "tsock.wire"):
    from tests.fuzz.twins import SEEDS, one_input


if __name__ == "__main__":
    fuzz(one_input, SEEDS)
