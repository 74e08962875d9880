"""The health of the receiver of positions: a look of some seconds for each report, and never while a position is read.

Two who read one serial line, or one pipe, take each other's bytes. So a look gives way at once when a position is about
to be opened, and none begins before that is over. What a look hears is blanked of places before it is read.
"""

import asyncio
from collections.abc import Callable

from edge_agent.errors import PositionUnavailable
from edge_agent.openings.ledger import Opening
from edge_agent.position.receiver import opened
from edge_agent.serial.latest import Latest
from firmware_bridge.errors import DeviceSilent
from firmware_bridge.gnss.words import GNSS_FIGURES

LOOK_S = 5.0

__all__ = ["GNSS_FIGURES", "ReceiverWatch"]


class ReceiverWatch:
    """Looks at the receiver; also the Guard of positions, before which it lets go of it."""

    def __init__(self, source: str, every_s: Callable[[], float], *, look_s: float = LOOK_S) -> None:
        """`source` as `position.messages.Source`; a look begins `every_s` after the one before began."""
        self._source = source
        self._every_s = every_s
        self._look_s = look_s
        self._positions: set[str] = set()
        self._free = asyncio.Event()
        self._free.set()
        self._looking: asyncio.Task[None] | None = None
        self.latest = Latest()

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._free.wait()
                due_s = loop.time() + self._every_s()
                self._looking = asyncio.create_task(self._look(), name="receiver look")
                await asyncio.wait({self._looking})
                if not self._looking.cancelled():
                    self._looking.result()
                await asyncio.sleep(max(0.0, due_s - loop.time()))
        finally:
            await self._let_go()

    async def before(self, opening: Opening) -> None:
        """See Guard."""
        if "position" in opening.modalities:
            self._positions.add(opening.opening)
            self._free.clear()
            await self._let_go()

    async def extended(self, opening: str, until_boot_ms: int) -> None:
        """See Guard."""

    async def after(self, opening: str) -> None:
        """See Guard."""
        self._positions.discard(opening)
        if not self._positions:
            self._free.set()

    async def _let_go(self) -> None:
        looking = self._looking
        if looking is not None and not looking.done():
            looking.cancel()
            await asyncio.wait({looking})

    async def _look(self) -> None:
        # The parsers are heavy, and most units' receivers are not looked at.
        from firmware_bridge.gnss.looking import look  # noqa: PLC0415 - as above

        try:
            with opened(self._source) as receiver:
                figures = await look(receiver, self._look_s)
        except (PositionUnavailable, DeviceSilent) as error:
            self.latest.fail(str(error))
        else:
            self.latest.tell(figures.health())
