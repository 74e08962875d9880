"""Holding sessions that were taken over, for as long as a connection from before could still take them back.

A broker judges a certificate in the handshake. A connection whose handshake was done before the list was read, and that
has not said CONNECT yet, can say it afterwards: Mosquitto 2.0.11 takes it, up to 94 seconds later (measured). While
the session is held here, such a connection shows at once, since it ends ours, and the session is taken over again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from fleet.revocation.errors import RevocationError
from fleet.revocation.units_listener import TakenOver

HELD_S = 100.0
"""Mosquitto gives a connection without CONNECT one and a half times 60 seconds, and looks every few."""
MAX_HELD = 32
"""Beyond it the session held longest is let go."""
RETRY_S = 1.0
"""After a session could not be taken back."""
_PAUSE_S = 0.05
"""Before a session is taken back, so that two controllers that hold the same one do not storm the broker."""

_log = structlog.get_logger(__name__)

TakeOver = Callable[[str], Awaitable[TakenOver]]
"""Takes the session of a unit over, as `UnitsListener.take_over` with a fresh certificate."""


class Guard:
    """Sessions of revoked units in our hands; use it as `async with`, which ends them."""

    def __init__(
        self, take_over: TakeOver, held_s: float = HELD_S, max_held: int = MAX_HELD, retry_s: float = RETRY_S
    ) -> None:
        self._take_over = take_over
        self._held_s = held_s
        self._retry_s = retry_s
        self._max_held = max_held
        self._held: dict[str, asyncio.Task[None]] = {}

    @property
    def held(self) -> list[str]:
        """The units whose sessions are held, the longest first."""
        return list(self._held)

    def hold(self, unit_id: str, session: TakenOver) -> None:
        """Hold `session` in the background for the time that `Guard` was made with."""
        self.let_go(unit_id)
        while len(self._held) >= self._max_held:
            self.let_go(next(iter(self._held)))
        task = asyncio.create_task(self._hold(unit_id, session), name=f"revocation: hold {unit_id}")
        self._held[unit_id] = task
        task.add_done_callback(lambda done: self._forget(unit_id, session, done))

    def let_go(self, unit_id: str) -> None:
        """End the session of `unit_id` if it is held."""
        task = self._held.pop(unit_id, None)
        if task is not None:
            task.cancel()

    async def __aenter__(self) -> "Guard":
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = list(self._held.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hold(self, unit_id: str, session: TakenOver) -> None:
        try:
            async with asyncio.timeout(self._held_s):
                while True:
                    await session.lost()
                    _log.warning("a revoked unit's session was taken back, or the broker ended it", unit=unit_id)
                    await asyncio.sleep(_PAUSE_S)
                    session = await self._take_back(unit_id)
        except TimeoutError:
            pass  # held for as long as it takes
        finally:
            await session.end()

    async def _take_back(self, unit_id: str) -> TakenOver:
        """The session again. A broker that can not be reached may only be full: what is feared may have come in."""
        while True:
            try:
                return await self._take_over(unit_id)
            except RevocationError as error:
                _log.info("a revoked unit's session can not be taken back yet", unit=unit_id, detail=str(error))
            await asyncio.sleep(self._retry_s)

    def _forget(self, unit_id: str, first: TakenOver, task: asyncio.Task[None]) -> None:
        first.drop()  # a task that is cancelled before it begins ends nothing itself
        if self._held.get(unit_id) is task:
            del self._held[unit_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("holding a session failed", unit=unit_id, exc_info=error)
