"""The order of batches that are written at the same time.

While one batch is committed the next is prepared, so that neither the database nor this process waits for the other.
Their messages still count in the order they came: a batch begins to insert only when the one before it holds the
locks on its units. It must not begin earlier: with a row that both carry, each could then wait for the other.
"""

import asyncio


class Turn:
    """One batch's place. `finish` must be called whatever happens."""

    def __init__(self, before: "Turn | None" = None) -> None:
        """A turn after `before`."""
        self._before = before
        self._may_pass = asyncio.Event()
        self._finished = asyncio.Event()

    async def comes(self) -> None:
        """Wait until the batch before has its locks, or is finished."""
        if self._before is not None:
            await self._before._may_pass.wait()  # noqa: SLF001 - of its own kind

    def let_pass(self) -> None:
        """The locks are held: the next batch may insert."""
        self._may_pass.set()

    async def is_first(self) -> None:
        """Wait until every batch before is finished."""
        if self._before is not None:
            await self._before._finished.wait()  # noqa: SLF001 - as above

    def finish(self) -> None:
        """This batch is dealt with."""
        self._may_pass.set()
        self._finished.set()
        self._before = None
