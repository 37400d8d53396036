"""What the system says of a process, as far as Linux does, and how this one is placed."""

import contextlib
import os
import resource
from pathlib import Path


class Process:
    """The process `pid` with all its threads.

    Raises:
        OSError: there is none, or this system does not tell about it.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._root = Path(f"/proc/{pid}")
        self._loop = self._root / "task" / str(pid) / "schedstat"
        self.loop_s()

    def cpu_s(self) -> float:
        """Seconds on a CPU so far, in user and kernel mode."""
        total_s = 0.0
        for thread in self._root.glob("task/*/schedstat"):
            with contextlib.suppress(OSError):  # the thread has ended since
                total_s += _on_cpu_s(thread)
        return total_s

    def loop_s(self) -> float:
        """The part of the main thread, which is the event loop, with its waiting for a CPU."""
        on_cpu_ns, waiting_ns, _ = self._loop.read_text().split()
        return (int(on_cpu_ns) + int(waiting_ns)) / 1e9

    def resident_kib(self) -> int:
        """Resident memory; the cheaper figures of the kernel lag behind."""
        for line in (self._root / "smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "Rss":
                return int(value.split()[0])
        raise OSError(f"no Rss in {self._root}/smaps_rollup")


def pin(pid: int, cpu: int) -> None:
    """Keep a process on one CPU, where there is more than one, so that load and server do not share."""
    allowed = sorted(os.sched_getaffinity(pid))
    if len(allowed) > 1:
        os.sched_setaffinity(pid, {allowed[cpu]})


def allow_many_files() -> None:
    """Let this process open as many connections as the system permits.

    Each is an open file, and the usual soft limit would end at about a thousand.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses an unlimited number
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _on_cpu_s(schedstat: Path) -> float:
    return int(schedstat.read_text().split()[0]) / 1e9
