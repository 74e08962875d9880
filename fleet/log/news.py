"""How the parts of the log in one process wake each other, so that a receipt need not wait for the next look."""

import asyncio
from contextlib import suppress


class Bell:
    """Wakes everybody who waits for it. `rung` counts how often."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self.rung = 0

    @property
    def next(self) -> asyncio.Event:
        """Set at the next ring. Take it first, look at what there is, then wait: no ring is lost in between."""
        return self._next

    def ring(self) -> None:
        """Wake them."""
        self.rung += 1
        self._next.set()
        self._next = asyncio.Event()


class LogNews:
    """`wanted`: somebody waits for an entry to be in the tree; `grown`: the tree has more leaves; `published`: a new
    checkpoint is stored."""

    def __init__(self) -> None:
        self.wanted = Bell()
        self.grown = Bell()
        self.published = Bell()


async def rung(ring: asyncio.Event, limit_s: float) -> None:
    """Return when `ring` is set, or after `limit_s`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await ring.wait()
