"""The spool as the event loop sees it: every disk access in one worker thread, one at a time, with a limit."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edge_agent.errors import SpoolUnwritable
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.keeper import Now, Rows, SpoolKeeper
from edge_agent.spool.rows import Draft, Ranges, SpoolTally

FILE_NAME = "spool.db"
DISK_LIMIT_S = 120.0
"""A card that answers nothing for this long is dead; the program then ends and its supervisor starts it again."""

CLOSE_LIMIT_S = 3.0

_Result = TypeVar("_Result")


class Spool:
    """Asynchronous door to a SpoolKeeper. Methods raise SpoolUnwritable when the disk gives no answer at all."""

    def __init__(
        self, keeper: SpoolKeeper, now: Callable[[], Now], tally: SpoolTally, worker: ThreadPoolExecutor
    ) -> None:
        """Use `open_spool`."""
        self._keeper = keeper
        self._now = now
        self._worker = worker
        self._turn = asyncio.Lock()
        self.tally = tally

    async def append(self, drafts: Sequence[Draft]) -> Rows:
        """Keep `drafts`; they and any events of the spool itself are on the disk (if it can be written) on return."""
        return await self._run(lambda now: self._keeper.append(drafts, now))

    async def rows(self, spool_id: int, after: int, limit: int, max_bytes: int, excluding: Collection[int]) -> Rows:
        """See SpoolKeeper.rows."""
        return await self._run(lambda now: self._keeper.rows(spool_id, after, limit, max_bytes, excluding, now))

    async def acknowledge(self, spool_id: int, ranges: Ranges) -> int:
        """See SpoolKeeper.acknowledge."""
        return await self._run(lambda now: self._keeper.acknowledge(spool_id, ranges, now))

    async def recall(self, command_id: str) -> tuple[str, str] | None:
        """See SpoolFile.recall."""
        return await self._run(lambda now: self._keeper.recall(command_id, now))

    async def remember(self, command_id: str, state: str, reason: str) -> None:
        """See SpoolFile.remember."""
        await self._run(lambda now: self._keeper.remember(command_id, state, reason, now))

    def hold(self, limits: SpoolLimits) -> None:
        """Hold these limits from the next row on."""
        self._keeper.limits = limits

    async def close(self) -> None:
        """Let go of the file; waits at most 3 s for a disk that hangs."""
        closing = asyncio.get_running_loop().run_in_executor(self._worker, self._keeper.close)
        await asyncio.wait([closing], timeout=CLOSE_LIMIT_S)
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _run(self, action: Callable[[Now], _Result]) -> _Result:
        async with self._turn:
            now = self._now()
            work = asyncio.get_running_loop().run_in_executor(self._worker, self._with_tally, action, now)
            try:
                async with asyncio.timeout(DISK_LIMIT_S):
                    result, self.tally = await work
            except TimeoutError as error:
                raise SpoolUnwritable(None, f"the disk gave no answer for {DISK_LIMIT_S:.0f} s") from error
            return result

    def _with_tally(self, action: Callable[[Now], _Result], now: Now) -> tuple[_Result, SpoolTally]:
        result = action(now)
        return result, self._keeper.tally(now)


async def open_spool(state_dir: Path, limits: SpoolLimits, now: Callable[[], Now]) -> Spool:
    """The spool in `state_dir`, opened, made if there is none, moved aside if damaged."""
    worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
    keeper = SpoolKeeper(state_dir / FILE_NAME, limits)
    tally = await asyncio.get_running_loop().run_in_executor(worker, keeper.tally, now())
    return Spool(keeper, now, tally, worker)
