"""Ports that come and go."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Self

from firmware_bridge.transport.ports import DEV, PortFacts, list_ports

POLL_S = 1.0


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
