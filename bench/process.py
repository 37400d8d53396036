"""CPU time and memory of a running process, as Linux accounts for them."""

import contextlib
import os
from pathlib import Path


class Process:
    """The process `pid` with all its threads."""

    def __init__(self, pid: int) -> None:
        self._root = Path(f"/proc/{pid}")

    def cpu_s(self) -> float:
        """Seconds on a CPU so far, in user and kernel mode."""
        total_ns = 0
        for thread in self._root.glob("task/*/schedstat"):
            with contextlib.suppress(OSError):  # the thread has ended since
                total_ns += int(thread.read_text().split()[0])
        return total_ns / 1e9

    def resident_kib(self) -> int:
        """Resident memory; the cheaper figures of the kernel lag behind."""
        for line in (self._root / "smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "Rss":
                return int(value.split()[0])
        raise OSError(f"no Rss in {self._root}/smaps_rollup")


def pin(pid: int, cpu: int) -> None:
    """Keep a process on one CPU, where there is more than one, so that load and server do not share."""
    allowed = sorted(os.sched_getaffinity(0) if pid == 0 else os.sched_getaffinity(pid))
    if len(allowed) > 1:
        os.sched_setaffinity(pid, {allowed[cpu]})
