"""The demo's units: this machine, and simulated hosts; how each is invited, compared and accepted."""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from fleet.demo.errors import PartFailed
from fleet.demo.parts import Part, Parts, program
from fleet.demo.place import Place

THIS_MACHINE = "this-machine"
_PROGRAM_LIMIT_S = 30.0
_NOT_JOINED = 4
"""The exit code of `edge-agent status` while the unit has no identity; it prints its fingerprint all the same."""


class AgentStatus(msgspec.Struct, frozen=True):
    """What `edge-agent status --json` says of identity; the id is None until the unit has joined."""

    unit_id: str | None = None
    fingerprint: str | None = None


class SpoolStatus(msgspec.Struct, frozen=True):
    """What `edge-agent spool --json` says; ranges are inclusive."""

    spool_id: int
    next_seq: int
    waiting: int
    waiting_ranges: list[tuple[int, int]]
    dropped: int


class DemoUnit:
    """One unit: a name, its label, the folder of its agent, and what its settings say of its `devices`."""

    def __init__(self, place: Place, name: str, devices: Mapping[str, object]) -> None:
        self.name = name
        self.label = "this machine" if name == THIS_MACHINE else name.replace("host", "sim")
        self.root = Path("/") if name == THIS_MACHINE else place.hosts / name
        self.config = place.write_unit(name, self.root, devices)
        self.voucher_file = place.unit(name) / "voucher"
        self._identity_file = place.unit(name) / "state" / "identity.json"

    @property
    def has_identity(self) -> bool:
        """Whether it has joined."""
        return self._identity_file.exists()

    def write_voucher(self, text: str) -> None:
        """Hand it a voucher, as a person would."""
        self.voucher_file.touch(mode=0o600)
        self.voucher_file.write_text(text)

    async def run(self, parts: Parts) -> Part:
        """Start its agent."""
        return await parts.start(f"agent-{self.name}", program("edge-agent"), "run", "--config", str(self.config))

    async def status(self) -> AgentStatus:
        """Identity as the unit itself tells it."""
        return msgspec.json.decode(await self._ask("status"), type=AgentStatus)

    async def spool(self) -> SpoolStatus:
        """What the unit's spool still holds."""
        return msgspec.json.decode(await self._ask("spool"), type=SpoolStatus)

    async def _ask(self, command: str) -> bytes:
        process = await asyncio.create_subprocess_exec(
            program("edge-agent"),
            command,
            "--json",
            "--config",
            str(self.config),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_PROGRAM_LIMIT_S):
                output, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode not in {0, _NOT_JOINED}:
            raise PartFailed(self.name, self.config.parent, f"edge-agent {command}: {complaint.decode()[-300:]}")
        return output
