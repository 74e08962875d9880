"""TLS of the benchmark's processes, from the files that its main program wrote."""

import ssl
from pathlib import Path


def client_context(task: dict[str, str], name: str) -> ssl.SSLContext:
    """A context that trusts the root in `task["root"]` and shows the certificate of `name` in its folder."""
    folder = Path(task["certificates"])
    context = ssl.create_default_context(cafile=task["root"])
    context.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
    return context
