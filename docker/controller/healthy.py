"""Exit code 0 when the controller in this container answers. Standard library only; prints why it is not healthy."""

import http.client
import os
import ssl
import sys
import tomllib
from pathlib import Path

TIMEOUT_S = 5.0


def fault(config: Path) -> str:
    """What is wrong with the controller that runs with the settings file `config`, empty when nothing is."""
    try:
        settings = tomllib.loads(config.read_text())
        root = Path(settings["state_dir"]) / "ca" / "root.crt"
        context = ssl.create_default_context(cafile=str(root))
        # Asked over the loopback interface, which is not among the names in the certificate.
        context.check_hostname = False
        port = settings.get("api", {}).get("port", 8443)
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_S, context=context)
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, KeyError, ValueError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    return "" if status == http.client.OK else f"GET /health answered {status}"


if __name__ == "__main__":
    sys.exit(fault(Path(os.environ.get("MUSTER_CONFIG", "/etc/muster/fleet.toml"))) or 0)
