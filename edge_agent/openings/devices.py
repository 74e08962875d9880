"""A unit's devices and what holds them: one supervisor for picture and sound, one for positions, where it has any."""

import asyncio
import sys
from collections.abc import Sequence

import structlog

from edge_agent.capture.keeper import CaptureKeeper
from edge_agent.clock import Clock
from edge_agent.errors import SupervisorAway
from edge_agent.openings.capture_opener import CaptureOpener
from edge_agent.openings.guarded_opener import Guard, GuardedOpener
from edge_agent.openings.opener import Opener
from edge_agent.openings.sources import Sources
from protocols.backoff import Backoff

_log = structlog.get_logger(__name__)


class Devices:
    """Keeps the supervisors running that the unit's devices need. `opener` opens by them."""

    def __init__(self, sources: Sources, clock: Clock, guards: Sequence[Guard] = ()) -> None:
        """Nothing runs before `run`. `guards` are asked before anything is opened."""
        self.sources = sources
        media = CaptureKeeper([sys.executable, "-m", "edge_agent.media.child"])
        position = CaptureKeeper([sys.executable, "-m", "edge_agent.position.child"])
        self.opener: Opener = GuardedOpener(CaptureOpener(media, position, sources, clock), guards)
        self._keepers: list[CaptureKeeper] = []
        if sources.modalities & {"video", "audio"}:
            self._keepers.append(media)
        if "position" in sources.modalities:
            self._keepers.append(position)

    async def run(self) -> None:
        """Keep them until cancelled; on the main thread. One that can not be started is tried again and again."""
        async with asyncio.TaskGroup() as tasks:
            for keeper in self._keepers:
                tasks.create_task(_kept(keeper), name="capture supervisor")


async def _kept(keeper: CaptureKeeper) -> None:
    try:
        await _started(keeper)
        await asyncio.Event().wait()
    finally:
        await keeper.stop()


async def _started(keeper: CaptureKeeper) -> None:
    backoff = Backoff(base_s=1.0, cap_s=60.0)
    while True:
        try:
            return await keeper.start()
        except SupervisorAway as error:
            _log.error("nothing can be opened", detail=str(error))
            await asyncio.sleep(backoff.next_s())
