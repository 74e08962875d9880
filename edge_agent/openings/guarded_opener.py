"""An Opener that has something done before a device is opened, whenever it stays open longer, and after its end."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from edge_agent.errors import CaptureError
from edge_agent.openings.ledger import Opening
from edge_agent.openings.opener import Ended, Event, Opener, OpenThing
from protocols.access_record import Modality
from protocols.opening import MediaOffer

_log = structlog.get_logger(__name__)


class Guard(Protocol):
    """What has to hold while something is open. Nothing it does makes an opening last longer."""

    async def before(self, opening: Opening) -> None:
        """It is about to be opened. Raises CaptureError: then it is not."""
        ...

    async def extended(self, opening: str, until_boot_ms: int) -> None:
        """It is about to stay open until then. Raises CaptureError: then its earlier end holds."""
        ...

    async def after(self, opening: str) -> None:
        """It is open no more, or was not opened; also called where `before` has raised, and more than once."""
        ...


class GuardedOpener:
    """See Opener."""

    def __init__(self, opener: Opener, guards: Sequence[Guard]) -> None:
        """`guards` are asked in their order, and let go in the opposite one."""
        self._opener = opener
        self._guards = tuple(guards)

    def prepare(self, opening: str, modalities: Sequence[Modality], until_boot_ms: int) -> None:
        """See Opener."""
        self._opener.prepare(opening, modalities, until_boot_ms)

    def discard(self, opening: str) -> None:
        """See Opener."""
        self._opener.discard(opening)

    async def stop(self) -> None:
        """See Opener."""
        await self._opener.stop()

    async def open(self, opening: Opening, offer: MediaOffer | None) -> OpenThing:
        """See Opener."""
        try:
            for guard in self._guards:
                await guard.before(opening)
            thing = await self._opener.open(opening, offer)
        except BaseException:  # also when the caller gives up: nobody else would let them go
            await _let_go(self._guards, opening.opening)
            raise
        return _GuardedThing(thing, self._guards, opening)


class _GuardedThing:
    def __init__(self, thing: OpenThing, guards: Sequence[Guard], opening: Opening) -> None:
        self._thing = thing
        self._guards = guards
        self._opening = opening.opening
        self._until_boot_ms = opening.until_boot_ms

    async def event(self) -> Event:
        """See OpenThing."""
        event = await self._thing.event()
        if isinstance(event, Ended):
            await _let_go(self._guards, self._opening)
        return event

    async def extend(self, until_boot_ms: int) -> None:
        """See OpenThing."""
        try:
            for guard in self._guards:
                await guard.extended(self._opening, until_boot_ms)
            await self._thing.extend(until_boot_ms)
        except BaseException:
            # The earlier end holds, for the guards as well.
            for guard in self._guards:
                with suppress(CaptureError):
                    await guard.extended(self._opening, self._until_boot_ms)
            raise
        self._until_boot_ms = until_boot_ms

    async def close(self) -> int:
        """See OpenThing."""
        end_boot_ms = await self._thing.close()
        await _let_go(self._guards, self._opening)
        return end_boot_ms


async def _let_go(guards: Sequence[Guard], opening: str) -> None:
    for guard in reversed(guards):
        try:
            await guard.after(opening)
        except CaptureError as error:
            _log.warning("after an opening", opening=opening, detail=str(error))
