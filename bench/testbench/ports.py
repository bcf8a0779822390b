"""Free loopback ports.

A port is chosen outside the kernel's range for outgoing connections, so that no client socket takes it between choosing
and binding. Two benches can still choose the same one; the loser's part then ends with `PortTakenError` and the start
is tried again with other ports.
"""

import os
import random
import socket
from collections.abc import Collection
from pathlib import Path

from testbench.errors import BenchError

LOOPBACK = "127.0.0.1"
_LOWEST, _HIGHEST = 15000, 31999
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def _candidates() -> list[int]:
    try:
        low, high = (int(word) for word in _EPHEMERAL.read_text().split())
    except (OSError, ValueError):  # not Linux: the usual ranges lie above ours
        low, high = 32768, 60999
    ports = [port for port in range(_LOWEST, _HIGHEST + 1) if not low <= port <= high]
    random.SystemRandom().shuffle(ports)
    return ports or list(range(_LOWEST, _HIGHEST + 1))


def is_free(port: int) -> bool:
    """Whether this process could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def fixed(part: str) -> int | None:
    """The port that BENCH_<PART>_PORT asks for. Raises `BenchError` when it is no port."""
    name = f"BENCH_{part.upper()}_PORT"
    given = os.environ.get(name, "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 2**16):
        raise BenchError(f"{name} must be a port from 1 to 65535, such as 4570, it is {given!r}")
    return int(given)


def choose(parts: Collection[str]) -> dict[str, int]:
    """A port for each part on which nothing listens now: the one that is asked for, else any that is free."""
    asked = {part: port for part in parts if (port := fixed(part))}
    for part, port in asked.items():
        if list(asked.values()).count(port) > 1 or not is_free(port):
            raise BenchError(f"BENCH_{part.upper()}_PORT={port}: another process or part listens there")
    free = (port for port in _candidates() if port not in asked.values() and is_free(port))
    try:
        return {part: asked.get(part) or next(free) for part in parts}
    except StopIteration:
        pass
    raise OSError(f"fewer than {len(parts)} free loopback ports between {_LOWEST} and {_HIGHEST}")
