"""`python -m tests.fault.log_controller SETTINGS KEY SIGNED`: the real log of a controller, until it is killed.

Says `ready`, then `leads` whenever it begins to sequence. Every checkpoint is written to the file SIGNED before a
witness is asked: size and root, one a line.
"""

import asyncio
import sys
from pathlib import Path

import uvloop

from fleet.clock import utc_now
from fleet.downlink.key import load_key
from fleet.log.cosigning import Consistency, Cosigned, Cosigner
from fleet.log.deployment_log import DeploymentLog
from fleet.log.key import LogKey
from fleet.logs import configure_logs
from fleet.metrics import Metrics
from fleet.settings import load_settings
from fleet.store.store import open_store
from protocols.tlog.checkpoint import read_checkpoint
from protocols.tlog.note import read_note
from protocols.tlog.policy import LogPolicy
from tests.bench.lines import tell

_LOOK_EVERY_S = 0.005


class Recorder:
    """Remembers what was signed, whatever becomes of it."""

    def __init__(self, cosigner: Cosigner, file: Path) -> None:
        self._cosigner = cosigner
        self._file = file.open("a")

    async def cosign(self, text: str, size: int, consistency: Consistency, policy: LogPolicy) -> Cosigned:
        """As the Cosigner does."""
        self._file.write(f"{size} {read_checkpoint(read_note(text).body).root.hex()}\n")
        self._file.flush()
        return await self._cosigner.cosign(text, size, consistency, policy)

    async def close(self) -> None:
        """As the Cosigner does."""
        await self._cosigner.close()


async def run(settings_file: Path, key_file: Path, signed: Path) -> None:
    """Run until killed."""
    configure_logs("info")
    settings = load_settings(settings_file, {})
    store = await open_store(settings.database.dsn, max_connections=4)
    log = DeploymentLog(settings, store, LogKey(load_key(key_file)), utc_now, Metrics())
    log._publisher._cosigner = Recorder(log._publisher._cosigner, signed)  # type: ignore[assignment]  # same two methods
    running = asyncio.create_task(log.run())
    tell("ready")
    led = False
    while not running.done():
        if log._sequencer.is_leading != led:
            led = not led
            if led:
                tell("leads")
        await asyncio.sleep(_LOOK_EVERY_S)
    await running


if __name__ == "__main__":
    uvloop.run(run(*map(Path, sys.argv[1:4])))
