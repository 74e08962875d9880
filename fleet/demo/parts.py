"""The demo's programs: started with a log each, stopped together, and none left behind."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from fleet.demo.errors import PartFailed
from fleet.demo.tether import tethered

_STOP_LIMIT_S = 15.0


def program(name: str) -> str:
    """The path of one of Muster's commands, beside this Python."""
    return str(Path(sys.executable).parent / name)


class Part:
    """One running program."""

    def __init__(self, name: str, log: Path, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.log = log
        self.process = process

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not end it in fifteen seconds."""
        if not self.running:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(_STOP_LIMIT_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class Parts:
    """All programs of one demo, in the order they were started."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._parts: list[Part] = []

    async def start(self, name: str, *command: str) -> Part:
        """Run `command` with its output in `<logs>/<name>.log`."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *tethered(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        part = Part(name, log, process)
        self._parts.append(part)
        return part

    def check(self) -> None:
        """Raise PartFailed when a program has ended by itself."""
        for part in self._parts:
            if not part.running:
                raise PartFailed(part.name, part.log, f"ended with code {part.process.returncode}")

    async def until(self, what: str, condition: Callable[[], bool], limit_s: float) -> None:
        """Wait until `condition` holds; raises PartFailed when a program ends or `limit_s` passes first."""
        try:
            async with asyncio.timeout(limit_s):
                while not condition():
                    self.check()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise PartFailed(what, self._logs, f"did not happen within {limit_s:g} s") from None

    async def stop(self, chosen: Sequence[Part] | None = None) -> None:
        """Stop the chosen programs, or all, the newest first; those of a kind at once."""
        parts = list(chosen if chosen is not None else self._parts)
        self._parts = [part for part in self._parts if part not in parts]
        while parts:
            kind = parts[-1].name.rstrip("0123456789-")
            together = [part for part in parts if part.name.rstrip("0123456789-") == kind]
            parts = [part for part in parts if part not in together]
            await asyncio.gather(*(part.stop() for part in together))
