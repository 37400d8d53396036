"""What the figures were measured on: the machine, its disk, and what one bare send costs here."""

import os
import platform
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from tsock.bench.figures import quantile

SYNCS = 300
SENDS = 20_000
SEND_BYTES = 400


def describe(directory: Path) -> dict[str, Any]:
    """CPU, kernel, Python, the disk that `directory` is on, and the kernel's part of a delivery."""
    lines = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
    model = next((value.strip() for name, _, value in lines if name.strip() == "model name"), "unknown")
    return {
        "cpu": f"{os.cpu_count()} x {model}",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "fdatasync_us": fdatasync_us(directory),
        "send_us": send_us(),
    }


def fdatasync_us(directory: Path) -> float:
    """Median time of a 4 KiB append and its `fdatasync`, in microseconds: the least a commit can take."""
    took: list[float] = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(SYNCS):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - started)
    return quantile(took, 0.5) * 1e6


def send_us() -> float:
    """CPU time of one `send` of a small message over loopback TCP, in microseconds.

    It includes the receiver's share of the kernel's work, as every delivery does.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
    with sender, receiver:
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        message, spent = bytes(SEND_BYTES), 0
        for _ in range(SENDS):
            started = time.thread_time_ns()
            sender.send(message)
            spent += time.thread_time_ns() - started
            receiver.recv(SEND_BYTES)
    return spent / SENDS / 1000
