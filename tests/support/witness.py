"""A real witness: `fleet witness` in a process of its own, over HTTPS."""

import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleet.log.cosigning import WitnessAddress
from fleet.witness.place import Place
from protocols.tlog.note import VerifierKey
from tests.support.forked import ForkedProgram
from tests.support.ports import free_port

FLEET = str(Path(sys.executable).with_name("fleet"))


def fleet_witness(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `fleet witness` to its end."""
    return subprocess.run([FLEET, "witness", *words], capture_output=True, text=True, timeout=60, check=False)


class RunningWitness:
    """A witness made in `directory`, which is not there yet; `start` and `process.kill` as often as wanted."""

    def __init__(self, directory: Path, logs: Sequence[VerifierKey], name: str = "witness.example/north") -> None:
        self.directory = directory
        self.port = free_port()
        self.place = Place.create(directory, name, ["localhost", "127.0.0.1"], datetime.now(UTC))
        self.vkey = self.place.vkey()
        for key in logs:
            self.place.trust(key)
        words = ["witness", "run", str(directory), "--port", str(self.port)]
        log = directory.with_name(f"{directory.name}.log")
        self.process = ForkedProgram("fleet.cli.app:run", words, [self.port], log)

    @property
    def url(self) -> str:
        """Its submission prefix."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate it hands over."""
        return self.directory / "tls.crt"

    def address(self, name: str = "north") -> WitnessAddress:
        """Where it is, under its name in a policy."""
        return WitnessAddress(name, self.url, self.ca_file)

    def tls(self) -> ssl.SSLContext:
        """A context that trusts this witness only."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=self.ca_file)
        return context

    def shown(self) -> dict[str, Any]:
        """What `fleet witness show --json` says."""
        done = fleet_witness("show", str(self.directory), "--json")
        assert done.returncode == 0, done.stderr
        shown: dict[str, Any] = json.loads(done.stdout)
        return shown


@asynccontextmanager
async def running_witness(witness: RunningWitness) -> AsyncIterator[RunningWitness]:
    """Start it, and end it afterwards."""
    await witness.process.start()
    try:
        yield witness
    finally:
        await witness.process.kill()
