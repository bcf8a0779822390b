"""Free loopback ports.

A port is chosen outside the kernel's range for outgoing connections, so that no client socket takes it between choosing
and binding. Two benches can still choose the same one; the loser's part then ends with `PortTakenError` and the start
is tried again with other ports.
"""

import random
import socket
from pathlib import Path

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


def choose(count: int) -> list[int]:
    """That many different ports on which nothing listens now."""
    found: list[int] = []
    for port in _candidates():
        if is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    raise OSError(f"fewer than {count} free loopback ports between {_LOWEST} and {_HIGHEST}")
