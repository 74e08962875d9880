"""Debian's coturn with the configuration that is shipped, on free loopback ports."""

from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import ServerProcess

SHIPPED = Path(__file__).parents[2] / "docker" / "coturn" / "turnserver.conf"
SECRET = "a-secret-of-coturn-and-the-controller-only"


def coturn(place: Path, peers: tuple[str, ...] = ("127.0.0.1",)) -> ServerProcess:
    """coturn on `ServerProcess.ports[0]` of 127.0.0.1, with SECRET, for `peers`; files in `place`. Not started."""
    port = free_port()
    lines = SHIPPED.read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("listening-port=", "pidfile=", "userdb="))]
    own = [
        f"listening-port={port}",
        "listening-ip=127.0.0.1",
        "relay-ip=127.0.0.1",
        f"pidfile={place / 'turnserver.pid'}",
        f"userdb={place / 'turnserver.db'}",
        f"static-auth-secret={SECRET}",
        "allow-loopback-peers",
        *(f"allowed-peer-ip={peer}" for peer in peers),
    ]
    configuration = place / "turnserver.conf"
    configuration.write_text("\n".join(kept + own) + "\n")
    return ServerProcess(["turnserver", "-c", str(configuration)], [port], place / "turnserver.log")
