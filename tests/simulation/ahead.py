"""`python ahead.py SECONDS …`: tsock on a machine whose clock is so far ahead."""

import runpy
import sys
import time

ahead_ns, real_ns = round(float(sys.argv.pop(1)) * 1e9), time.time_ns
time.time_ns = lambda: real_ns() + ahead_ns
time.time = lambda: time.time_ns() / 1e9
runpy.run_module("tsock", run_name="__main__", alter_sys=True)
