"""One opening, from the moment its records are on the disk to its end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import structlog

from edge_agent.clock import Clock
from edge_agent.errors import CaptureError
from edge_agent.openings.ledger import Opening
from edge_agent.openings.opener import GONE, Answered, Began, Ended, Event, Failed, Found, Opener, OpenThing
from protocols.opening import Answered as AnsweredSignal
from protocols.opening import MediaOffer, PositionFound, Signal

_REASON_LIMIT_S = 3.0
_CLOSE_AGAIN_S = 5.0

_log = structlog.get_logger(__name__)


class SessionEnd(NamedTuple):
    """Nothing is open any more since `at_boot_ms`, because of `reason`, one of REASONS."""

    reason: str
    detail: str
    at_boot_ms: int


class Session:
    """Opens, follows, closes. `opening` is as the latest permit has it."""

    def __init__(
        self,
        opening: Opening,
        nonce: str,
        offer: MediaOffer | None,
        opener: Opener,
        clock: Clock,
        say: Callable[[Signal], None],
    ) -> None:
        """`nonce` is what the permit's lease answered."""
        self.opening = opening
        self._nonce = nonce
        self._offer = offer
        self._opener = opener
        self._clock = clock
        self._say = say
        self._close_reason = ""
        self._closing = asyncio.Event()
        self._opened: asyncio.Future[OpenThing] = asyncio.get_running_loop().create_future()

    def close(self, reason: str) -> None:
        """Have it closed, because of `reason`; the first reason stays."""
        self._close_reason = self._close_reason or reason
        self._closing.set()

    async def extend(self, opening: Opening) -> None:
        """Stay open as `opening` says. Raises CaptureError: then it closes when it would have.

        While it is still being opened, this waits for that, as long as the permit lasts.
        """
        try:
            async with asyncio.timeout(self._left_s()):
                thing = await asyncio.shield(self._opened)
        except TimeoutError:
            raise CaptureError(f"{opening.opening} was not open in time") from None
        if opening.until_boot_ms > self.opening.until_boot_ms:
            await thing.extend(opening.until_boot_ms)
        self.opening = opening

    async def run(self) -> SessionEnd:
        """Open and stay until the end: until nothing is open any more, however long a driver holds what was killed."""
        closing = asyncio.create_task(self._closing.wait(), name=f"{self.opening.opening} closing")
        try:
            return await self._open_and_follow(closing)
        finally:
            closing.cancel()
            if not self._opened.done():
                self._opened.set_exception(CaptureError(f"{self.opening.opening} did not open"))
                self._opened.exception()  # nobody has to have asked

    async def _open_and_follow(self, closing: asyncio.Task[bool]) -> SessionEnd:
        starting = asyncio.create_task(
            self._opener.open(self.opening, self._offer), name=f"{self.opening.opening} starting"
        )
        try:
            await asyncio.wait({starting, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not starting.done():
                starting.cancel()
                await asyncio.wait({starting})
        if starting.cancelled():
            return SessionEnd(self._close_reason, "", self._clock.mono_ms())
        try:
            thing = starting.result()
        except CaptureError as error:
            return self._not_opened(error)
        self._opened.set_result(thing)
        if self.opening.modalities == ["position"]:
            self._say(AnsweredSignal(opening=self.opening.opening, nonce=self._nonce))
        try:
            return await self._follow(thing, closing)
        finally:
            await thing.close()

    def _not_opened(self, error: CaptureError) -> SessionEnd:
        now_ms = self._clock.mono_ms()
        if now_ms >= self.opening.until_boot_ms:
            return SessionEnd(self.opening.ends_by, str(error), now_ms)
        return SessionEnd(self._close_reason or error.rule, str(error), now_ms)

    async def _follow(self, thing: OpenThing, closing: asyncio.Task[bool]) -> SessionEnd:
        while True:
            next_event = asyncio.create_task(thing.event(), name=f"{self.opening.opening} event")
            try:
                await asyncio.wait({next_event, closing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not next_event.done():
                    next_event.cancel()
                    await asyncio.wait({next_event})
            if next_event.cancelled():
                return SessionEnd(self._close_reason, "", await self._closed(thing))
            end = await self._took(next_event.result(), thing)
            if end is not None:
                return end

    async def _took(self, event: Event, thing: OpenThing) -> SessionEnd | None:
        match event:
            case Answered(sdp=sdp):
                self._say(AnsweredSignal(opening=self.opening.opening, nonce=self._nonce, sdp=sdp))
                return None
            case Began():
                return None
            case Failed(rule=rule, detail=detail):
                end_ms = await self._closed(thing)
                told = rule == GONE and await self._is_told_why()
                return SessionEnd(self._close_reason, "", end_ms) if told else SessionEnd(rule, detail, end_ms)
            case Found(at=at, hdop=hdop, satellites=satellites):
                end_ms = await self._closed(thing)
                opening = self.opening.opening
                self._say(PositionFound(opening=opening, at=at, hdop=hdop, satellites=satellites))
                return SessionEnd("found", "", end_ms)
            case Ended(at_boot_ms=at_boot_ms, by_deadline=by_deadline):
                if by_deadline:
                    return SessionEnd(self.opening.ends_by, "", at_boot_ms)
                return SessionEnd("media-failed", "what held the device ended by itself", at_boot_ms)

    async def _closed(self, thing: OpenThing) -> int:
        """Close it; the boot time of its end. What can not be closed is not said to be."""
        while True:
            try:
                return await thing.close()
            except CaptureError as error:
                _log.error("what is open can not be closed", opening=self.opening.opening, detail=str(error))
                await asyncio.sleep(_CLOSE_AGAIN_S)

    async def _is_told_why(self) -> bool:
        """Who is gone on purpose says why, by another way that may take longer; what is cut off does not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_REASON_LIMIT_S):
                return await self._closing.wait()
        return False

    def _left_s(self) -> float:
        return max(0.0, (self.opening.until_boot_ms - self._clock.mono_ms()) / 1000)
