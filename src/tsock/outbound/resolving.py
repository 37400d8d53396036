"""From a host name to its addresses."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From host name and port to the addresses, the best first; raises OSError where there are none."""


def resolver(executor: Executor) -> Resolve:
    """Ask the system, on threads of `executor`: a silent name server must hold up nobody else."""

    async def resolve(host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            executor, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(str(each[4][0]) for each in found))

    return resolve
