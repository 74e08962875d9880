"""The unit's own chain as the event loop sees it: whoever opens something appends first, and opens only then."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edge_agent.access_record.chain_file import Break, ChainFile
from edge_agent.access_record.chain_text import FILE_NAME, Tip
from edge_agent.clock import Clock
from edge_agent.errors import StateUnusable
from protocols.access_record import AccessRecord, Modality, What

OPEN_LIMIT_S = 60.0
APPEND_LIMIT_S = 10.0
CLOSE_LIMIT_S = 3.0

_Result = TypeVar("_Result")


class AccessKeeper:
    """Appends to the chain and reads it: one thing at a time, in a thread of its own, each within a limit."""

    def __init__(
        self, chain: ChainFile, clock: Clock, boot_id: str, worker: ThreadPoolExecutor, news: asyncio.Event
    ) -> None:
        """Use `open_keeper`."""
        self._chain = chain
        self._clock = clock
        self._boot_id = boot_id
        self._worker = worker
        self.appended = news

    @property
    def path(self) -> Path:
        """The chain's file."""
        return self._chain.path

    @property
    def tip(self) -> Tip:
        """Length and head of the chain, as they are on the disk."""
        return self._chain.tip

    @property
    def records(self) -> int:
        """How long the chain is."""
        return self._chain.tip.records

    @property
    def head(self) -> str:
        """The hash of its last record."""
        return self._chain.tip.head

    @property
    def broken(self) -> Break | None:
        """What did not verify when the chain was opened, if anything."""
        return self._chain.broken

    async def append(
        self,
        *,
        what: What,
        modality: Modality | None = None,
        opening: str | None = None,
        mandate: str | None = None,
        authority: str | None = None,
        person: str | None = None,
        reason: str = "",
        open_s: int | None = None,
    ) -> AccessRecord:
        """Add a record; it is on the disk on return, and `appended` is set.

        Raises StateUnusable: nothing may then be opened on its account. (If the disk gave no answer in time, the record
        may still come to be in the chain: it then says too much, and never too little.) Raises InvalidAccessRecord for
        what is no whole record.
        """

        def make(number: int, prior: str) -> AccessRecord:
            return AccessRecord(
                number=number,
                prior=prior,
                at_ms=self._clock.wall_ms(),
                boot_id=self._boot_id,
                boot_ms=self._clock.mono_ms(),
                what=what,
                modality=modality,
                opening=opening,
                mandate=mandate,
                authority=authority,
                person=person,
                reason=reason,
                open_s=open_s,
            )

        record = await self._do(lambda: self._chain.append(make))
        self.appended.set()
        return record

    async def after(self, number: int, limit: int) -> list[str]:
        """The texts of at most `limit` records above `number`, in order; raises StateUnusable."""
        return await self._do(lambda: self._chain.after(number, limit))

    async def close(self) -> None:
        """Let go of the file; waits at most 3 s for a disk that hangs."""
        closing = asyncio.get_running_loop().run_in_executor(self._worker, self._chain.close)
        await asyncio.wait([closing], timeout=CLOSE_LIMIT_S)
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _do(self, action: Callable[[], _Result]) -> _Result:
        work = asyncio.get_running_loop().run_in_executor(self._worker, action)
        return await _within(work, APPEND_LIMIT_S, self._chain.path)


async def open_keeper(state_dir: Path, clock: Clock, boot_id: str) -> AccessKeeper:
    """The keeper of the chain in `state_dir`, which is made if there is none, and moved aside if it does not verify.

    Only who holds the state directory may call this. Raises StateUnusable.
    """
    worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="access-record")
    path = state_dir / FILE_NAME
    opening = asyncio.get_running_loop().run_in_executor(worker, ChainFile, path)
    try:
        chain = await _within(opening, OPEN_LIMIT_S, path)
    except StateUnusable:
        worker.shutdown(wait=False, cancel_futures=True)
        raise
    return AccessKeeper(chain, clock, boot_id, worker, asyncio.Event())


async def _within(work: "asyncio.Future[_Result]", limit_s: float, path: Path) -> _Result:
    try:
        async with asyncio.timeout(limit_s):
            return await work
    except TimeoutError as error:
        raise StateUnusable(path, f"the disk gave no answer for {limit_s:.0f} s") from error
