"""Ports that come and go."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

from firmware_bridge.transport.ports import DEV, PortFacts, list_ports

POLL_S = 1.0


class PortsSeen(NamedTuple):
    """The `ports` there are, by path; which of them were `plugged` in since the look before; and which are
    `unplugged` since, as they were listed last."""

    ports: Sequence[PortFacts]
    plugged: Sequence[PortFacts] = ()
    unplugged: Sequence[PortFacts] = ()


class PortWatch:
    """Yields what the first look sees, which is taken when it is first asked, then what each look sees at which a port
    has come or gone. It looks every `every_s` seconds; what came and went in between is not seen. It never ends by
    itself: who asks cancels."""

    def __init__(self, dev: Path = DEV, *, every_s: float = POLL_S) -> None:
        self._dev = dev
        self._every_s = every_s
        self._extra: dict[str, None] = {}
        self._known: dict[tuple[str, str], PortFacts] | None = None
        self._look_now = asyncio.Event()

    def add(self, path: str) -> None:
        """Also watch a port that no list shows, as a pty; it is looked for at once."""
        self._extra[path] = None
        self._look_now.set()

    def __aiter__(self) -> Self:
        """Itself."""
        return self

    async def __anext__(self) -> PortsSeen:
        """The ports at the first look, or at the next at which one has come or gone."""
        if self._known is None:
            self._known = await self._listed()
            return PortsSeen(list(self._known.values()))
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), self._every_s)
            self._look_now.clear()
            before, self._known = self._known, await self._listed()
            if before.keys() != self._known.keys():
                return PortsSeen(
                    list(self._known.values()),
                    [port for key, port in self._known.items() if key not in before],
                    [port for key, port in before.items() if key not in self._known],
                )

    async def _listed(self) -> dict[tuple[str, str], PortFacts]:
        ports = await asyncio.to_thread(self._look, tuple(self._extra))
        return {(each.stable, each.path): each for each in ports}

    def _look(self, extra: Sequence[str]) -> list[PortFacts]:
        return list_ports(self._dev, [path for path in extra if _is_there(path)])


def _is_there(path: str) -> bool:
    try:
        Path(path).stat()
    except (OSError, ValueError):
        return False
    return True
