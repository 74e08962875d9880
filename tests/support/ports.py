"""Free loopback ports."""

import os
import random
import socket
from collections.abc import Iterator
from itertools import islice

_PORTS = range(20_000, 32_000)
"""Below those that Linux gives to outgoing connections: none of them takes a port before its server has it, or while
that is being started again."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listened on a moment ago, and that no other worker of this run is given."""
    for port in islice(_numbers, len(_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"all ports of {_PORTS} are in use")


def _own() -> Iterator[int]:
    """This worker's share of the ports once, from a place that another run hardly begins at too; then again."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = _PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    start = random.randrange(len(share))
    while True:
        yield from share[start:]
        yield from share[:start]


_numbers = _own()
