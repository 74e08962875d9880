"""The ledger on the disk: one file, whole or not at all, also after a power cut."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from edge_agent.durable import read_bounded, write_durably
from edge_agent.errors import StateUnusable
from edge_agent.openings.ledger import Ledger

FILE_NAME = "openings.json"
LIMIT_S = 10.0

_Result = TypeVar("_Result")
_decoder = msgspec.json.Decoder(Ledger)


def read_ledger(path: Path) -> Ledger | None:
    """The ledger in `path`, None where there is no such file; raises StateUnusable."""
    content = read_bounded(path)
    if content is None:
        return None
    try:
        return _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StateUnusable(path, "is damaged, so nothing opens; join the unit anew with an empty state_dir") from error


class LedgerFile:
    """Reads and writes in a thread of its own, in the order it is asked. `now` is what counts; None: nothing may open,
    because of `problem`."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is read yet."""
        self.path = state_dir / FILE_NAME
        self.now: Ledger | None = None
        self.problem = "the ledger has not been read"
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="openings-ledger")

    async def load(self, *, has_opened: bool) -> None:
        """Read it. `has_opened`: the unit's chain says that it has opened before, so the file has to be there."""
        try:
            found = await self._do(lambda: read_ledger(self.path))
        except StateUnusable as error:
            self.problem = str(error)
            return
        if found is None and has_opened:
            self.problem = f"{self.path} is gone, so nothing opens; join the unit anew with an empty state_dir"
        else:
            self.now = found or Ledger()

    async def keep(self, ledger: Ledger) -> None:
        """`ledger` is on the disk on return, and counts. Raises StateUnusable; then the one before counts."""
        content = msgspec.json.encode(ledger)
        await self._do(lambda: write_durably(self.path, content))
        self.now = ledger

    async def settle(self, ledger: Ledger) -> None:
        """`ledger` counts from now on, because it is so: something has closed, or is cancelled.

        Raises StateUnusable where the disk says otherwise; the next `keep` will tell it.
        """
        self.now = ledger
        await self.keep(ledger)

    def close(self) -> None:
        """Let go of the thread."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _do(self, action: Callable[[], _Result]) -> _Result:
        try:
            async with asyncio.timeout(LIMIT_S):
                return await asyncio.get_running_loop().run_in_executor(self._worker, action)
        except TimeoutError as error:
            raise StateUnusable(self.path, f"the disk gave no answer for {LIMIT_S:.0f} s") from error
