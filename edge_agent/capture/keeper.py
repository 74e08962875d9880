"""The agent's side of captures: opens, extends and closes them, and sees how each ended.

async with CaptureKeeper([sys.executable, "-m", "edge_agent.media.child"]) as keeper:
    async with await keeper.open(opening, deadline_boot_ms) as capture:
        await capture.channel.send(…); await capture.extend(…); end = await capture.ended()
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Self

import structlog

from edge_agent.capture.capture import Capture
from edge_agent.capture.supervisor_link import SupervisorLink
from edge_agent.errors import CaptureRefused, SupervisorAway
from protocols.backoff import Backoff

UP_LIMIT_S = 10.0
_SETTLED_AFTER_S = 60.0

_log = structlog.get_logger("edge_agent.capture")


class CaptureKeeper:
    """Keeps a supervisor running, one after another, and hands out captures. Never two supervisors at once."""

    def __init__(self, argv: Sequence[str]) -> None:
        """Every child runs `argv`; `argv[0]` is a path."""
        self._argv = list(argv)
        self._link: SupervisorLink | None = None
        self._up = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._captures: dict[str, Capture] = {}

    async def start(self) -> None:
        """Start a supervisor. From the main thread. Raises SupervisorAway, with nothing left running."""
        link = await SupervisorLink.start(self._argv, self._on_ended)
        self._keeping = asyncio.create_task(self._keep(link), name="capture keeper")
        await self._up.wait()

    async def stop(self) -> None:
        """Close every capture and end the supervisor; takes 20 s at the most. Raises the first error of a closing."""
        results: list[object] = []
        results += await asyncio.gather(
            *(capture.close() for capture in self._captures.values()), return_exceptions=True
        )
        if self._keeping is not None:
            self._keeping.cancel()
            results += await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def __aenter__(self) -> Self:
        """`start`."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """`stop`."""
        await self.stop()

    @property
    def supervisor_pid(self) -> int | None:
        """Process id of the supervisor, None while there is none."""
        return None if self._link is None else self._link.pid

    @property
    def scheduling(self) -> str | None:
        """How the supervisor is scheduled, see `linux.hurry`; None while there is none."""
        return None if self._link is None else self._link.scheduling

    async def open(self, opening: str, deadline_boot_ms: int) -> Capture:
        """Start a child that lives until `deadline_boot_ms` (CLOCK_BOOTTIME) at the most.

        `opening` is `open-` and 24 hexadecimal digits. Raises CaptureRefused ("past", "too-far": more than 960 s ahead,
        "too-many": four are open, "known", "not-started", "malformed"), and SupervisorAway when none is up within 10 s.
        """
        if opening in self._captures:
            raise CaptureRefused("open", opening, "known")
        try:
            async with asyncio.timeout(UP_LIMIT_S):
                await self._up.wait()
        except TimeoutError:
            raise SupervisorAway(f"none is up after {UP_LIMIT_S:.0f} s") from None
        if self._link is None or opening in self._captures:
            raise (
                SupervisorAway("it ended just now") if self._link is None else CaptureRefused("open", opening, "known")
            )
        capture = Capture(self._link, opening, deadline_boot_ms)
        self._captures[opening] = capture
        capture.when_ended(lambda: self._captures.pop(opening, None))
        await capture.begin()
        return capture

    def _on_ended(self, message: dict[str, Any]) -> None:
        capture = self._captures.get(message["ended"])
        if capture is not None:
            capture.on_ended(message)

    async def _keep(self, first: SupervisorLink) -> None:
        link: SupervisorLink | None = first
        backoff = Backoff(base_s=0.25, cap_s=30.0)
        while True:
            if link is None:
                await asyncio.sleep(backoff.next_s())
                link = await self._another()
                continue
            lived_s = await self._hold(link)
            if lived_s >= _SETTLED_AFTER_S:
                backoff.reset()
            link = None

    async def _another(self) -> SupervisorLink | None:
        try:
            return await SupervisorLink.start(self._argv, self._on_ended)
        except SupervisorAway as error:
            _log.error("capture-supervisor-not-started", detail=error.detail)
            return None

    async def _hold(self, link: SupervisorLink) -> float:
        """Work with this supervisor until it ends; gives the seconds that took. Cancelled, it ends the supervisor."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        self._link = link
        self._up.set()
        _log.info("capture-supervisor-up", scheduling=link.scheduling, memory_locked=link.memory_locked)
        if not link.memory_locked:
            _log.warning("capture-memory-not-locked", detail="pictures may reach swap; have it off or encrypted")
        try:
            code = await link.gone()
            _log.error("capture-supervisor-ended", code=code, captures=len(self._captures))
        finally:
            self._link = None
            self._up.clear()
            await link.stop()
            for capture in list(self._captures.values()):
                capture.on_supervisor_gone()
        return loop.time() - began_s
