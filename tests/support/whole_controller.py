"""All parts of a controller, as `fleet serve` runs them, beside a broker that reads the files it writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from fleet import app
from fleet.credentials import Credentials
from fleet.metrics import Metrics
from fleet.settings import Settings
from fleet.store.store import Store
from tests.support.tls import ClientFiles, Pki

_BROKERS_FILES = ("ca.crt", "crl.pem", "server.crt", "server.key")


class ControllersFiles(Pki):
    """For a broker beside the controller with these credentials."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials.directory, credentials.authority)

    def server(self, directory: Path) -> ClientFiles:
        """Let the broker find in `directory` what the controller keeps for it."""
        directory.mkdir(parents=True, exist_ok=True)
        for name in _BROKERS_FILES:
            (directory / name).symlink_to(self.directory / "broker" / name)
        return ClientFiles(directory / "server.key", directory / "server.crt")


@asynccontextmanager
async def whole_controller(settings: Settings, store: Store, credentials: Credentials) -> AsyncIterator[None]:
    """Run it until the block ends; a part that has ended by itself fails then."""
    named = app._parts(settings, store, credentials, Metrics(CollectorRegistry()))
    parts = [asyncio.create_task(part, name=name) for name, part in named]
    try:
        yield
        ended = [part.get_name() for part in parts if part.done()]
    finally:
        await app._end(parts)
    assert ended == []
