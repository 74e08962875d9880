"""Ports that come and go, and one that comes back."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Self

from firmware_bridge.errors import PortError
from firmware_bridge.transport.ports import DEV, PortFacts, list_ports
from firmware_bridge.transport.serial_line import SerialLine, open_line
from firmware_bridge.transport.spy import Spy

POLL_S = 1.0
REOPEN_LIMIT_S = 30.0
_REOPEN_EVERY_S = 0.1


class PortChange(NamedTuple):
    """What happened to a port; `port` is as it was listed last."""

    what: Literal["plugged", "unplugged"]
    port: PortFacts


class PortWatch:
    """Yields a PortChange for each port that is plugged in or unplugged after the first look, which is taken when it
    is first asked. It looks every `every_s` seconds; what came and went in between is not seen. It never ends by
    itself: who asks cancels."""

    def __init__(
        self, dev: Path = DEV, *, every_s: float = POLL_S, look: Callable[[Path], Sequence[PortFacts]] = list_ports
    ) -> None:
        self._dev = dev
        self._every_s = every_s
        self._look = look
        self._known: dict[tuple[str, str], PortFacts] | None = None
        self._told: deque[PortChange] = deque()

    def __aiter__(self) -> Self:
        """Itself."""
        return self

    async def __anext__(self) -> PortChange:
        """The next change; unplugged ones first."""
        if self._known is None:
            self._known = await self._listed()
        while not self._told:
            await asyncio.sleep(self._every_s)
            before, self._known = self._known, await self._listed()
            self._told += [PortChange("unplugged", port) for key, port in before.items() if key not in self._known]
            self._told += [PortChange("plugged", port) for key, port in self._known.items() if key not in before]
        return self._told.popleft()

    async def _listed(self) -> dict[tuple[str, str], PortFacts]:
        ports = await asyncio.to_thread(self._look, self._dev)
        return {(each.stable, each.path): each for each in ports}


async def reopened(
    port: str, *, baud: int = 115200, spy: Spy | None = None, limit_s: float = REOPEN_LIMIT_S
) -> SerialLine:
    """Open `port`, a stable path, once it is there again and may be opened, within `limit_s` seconds; raises what
    kept it from being opened last: PortMissing, PortBusy, PortDenied."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + limit_s
    while True:
        try:
            return await open_line(port, baud=baud, spy=spy)
        except PortError:
            # A link comes before its rights are set, and a program may look at a new port first.
            if clock() >= deadline:
                raise
        await asyncio.sleep(_REOPEN_EVERY_S)
