"""Exit code 0 when the controller in this container answers. Standard library only; prints why it is not healthy."""

import http.client
import os
import socket
import ssl
import sys
import tomllib
from pathlib import Path

TIMEOUT_S = 5.0
API_TLS_NAME = "api.muster.internal"
"""The API's name in its certificate, `protocols.joining.API_TLS_NAME`."""


class ApiConnection(http.client.HTTPSConnection):
    """Over the loopback interface, whose address need not be in the certificate, to whoever is the API."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", port, timeout=TIMEOUT_S, context=context)
        self.tls = context

    def connect(self) -> None:
        """Connect; raises OSError, ssl.SSLError included."""
        bare = socket.create_connection((self.host, self.port), TIMEOUT_S)
        self.sock = self.tls.wrap_socket(bare, server_hostname=API_TLS_NAME)


def fault(config: Path) -> str:
    """What is wrong with the controller that runs with the settings file `config`, empty when nothing is."""
    try:
        settings = tomllib.loads(config.read_text())
        roots = sorted((Path(settings["state_dir"]) / "ca").glob("root*.crt"))
        if not roots:
            return f"{settings['state_dir']} holds no fleet yet"
        context = ssl.create_default_context(cadata="".join(path.read_text() for path in roots))
        connection = ApiConnection(settings.get("api", {}).get("port", 8443), context)
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, KeyError, ValueError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    return "" if status == http.client.OK else f"GET /health answered {status}"


if __name__ == "__main__":
    sys.exit(fault(Path(os.environ.get("MUSTER_CONFIG", "/etc/muster/fleet.toml"))) or 0)
