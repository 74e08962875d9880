"""Probe and agents of the closing benchmark and its tests: processes that speak JSON lines, always ended."""

import asyncio
import json
import os
import signal
import sys
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from edge_agent.capture.leash import leashed
from tests.support.waiting import LIMIT_S

ROOT = Path(__file__).parents[2]
_END_LIMIT_S = 15.0
_WITHOUT_PRIVILEGES = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def new_opening() -> str:
    """An opening's name."""
    return f"open-{uuid.uuid4().hex[:24]}"


class Told:
    """A running process, and the JSON objects it wrote so far, each found by its first key and that one's value."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.latest: dict[str, dict[str, Any]] = {}
        self._lines: dict[tuple[str, object], list[dict[str, Any]]] = {}
        self._more = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while text := await self.process.stdout.readline():
            line = json.loads(text)
            key = next(iter(line))
            self.latest[key] = line
            self._lines.setdefault((key, line[key]), []).append(line)
            self._more.set()

    async def stop_reading(self) -> None:
        """Raises what went wrong with reading."""
        await asyncio.wait({self._reading}, timeout=_END_LIMIT_S)
        if not self._reading.cancel():
            await self._reading

    def tell(self, **message: Any) -> None:
        """Write a line to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    def lines(self, key: str, value: object) -> list[dict[str, Any]]:
        """All that began with this key and value, oldest first."""
        return self._lines.get((key, value), [])

    async def until(self, holds: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        """Until something it writes makes that true; raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while not holds():
                self._more.clear()
                await self._more.wait()

    async def line(self, key: str, value: object, limit_s: float = LIMIT_S) -> dict[str, Any]:
        """The first line with this key and value; raises TimeoutError."""
        await self.until(lambda: bool(self.lines(key, value)), limit_s)
        return self.lines(key, value)[0]


@asynccontextmanager
async def running(command: Sequence[str], environ: dict[str, str] | None = None) -> AsyncIterator[Told]:
    """The process, which dies with this one; afterwards its standard input is closed, then it is killed if it stays."""
    process = await asyncio.create_subprocess_exec(
        *leashed(command),
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
    )
    told = Told(process)
    try:
        yield told
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with suppress(ProcessLookupError):  # it has ended
            process.send_signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(process.wait(), _END_LIMIT_S)
        except TimeoutError:
            process.kill()
            await process.wait()
        await told.stop_reading()


class Clock:
    """A wall clock that can be stepped for processes with `environ`, by libfaketime. The machine's does not move."""

    def __init__(self, folder: Path) -> None:
        """Not stepped yet."""
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        self._file = folder / f"clock-{uuid.uuid4().hex[:8]}"
        self.step("+0")
        self.environ = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, offset: str) -> None:
        """As libfaketime writes it: +10y, -10y, +0."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        new.replace(self._file)


@asynccontextmanager
async def probe_at(device: Path) -> AsyncIterator[Told]:
    """The far end of the device, ready."""
    async with running([sys.executable, "-m", "tests.bench.close_probe", str(device)]) as told:
        await told.until(lambda: "ready" in told.latest)
        yield told


@asynccontextmanager
async def agent_with(
    device: Path, *options: str, clock: Clock | None = None, privileged: bool = True
) -> AsyncIterator[Told]:
    """An agent, ready. Without privileges it is still the same user."""
    command = [sys.executable, "-m", "tests.bench.close_agent", "--device", str(device), *options]
    prefix = [] if privileged or os.geteuid() != 0 else _WITHOUT_PRIVILEGES
    async with running([*prefix, *command], None if clock is None else clock.environ) as told:
        await told.until(lambda: "up" in told.latest)
        yield told
