"""Finds free ports on the loopback address."""

import socket

from engine.cluster.nodes import LOOPBACK
from engine.errors import PortInUse

TRANSPORT_OFFSET = 100
HIGHEST = 65535


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the server does: a port whose old connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def plan_ports(port: int, nodes: int) -> list[tuple[int, int]]:
    """Returns (HTTP port, transport port) for each node: HTTP ports count up from `port` and must be free.

    Transport ports are internal: the first free ones from `port` + 100 up. Raises PortInUse.
    """
    http = range(port, port + nodes)
    for taken in (number for number in http if number > HIGHEST or not is_free(number)):
        raise PortInUse(
            f"port {taken} on {LOOPBACK} is in use by another program: end it, or give another with --port "
            "(or ENGINE_PORT); to use the server that runs there set ELASTICSEARCH_URL"
        )
    free = (number for number in range(port + TRANSPORT_OFFSET, HIGHEST) if is_free(number) and number not in http)
    try:
        return [(number, next(free)) for number in http]
    except StopIteration:
        raise PortInUse(f"no free ports above {port + TRANSPORT_OFFSET}: give a lower one with --port") from None


def find_free_port() -> int:
    """Returns a port that is free now; for tests that start a server of their own."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
