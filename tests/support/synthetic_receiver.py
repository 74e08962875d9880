"""A synthetic receiver in a process of its own, and what it says was opened and closed."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.waiting import until

_END_LIMIT_S = 15.0


class Receiver:
    """`source` is what a unit's settings call it."""

    def __init__(self, socket: Path, said: Path) -> None:
        self.socket = socket
        self.source = f"unix:{socket}"
        self._said = said

    def events(self) -> list[dict[str, Any]]:
        """What it has said so far, whole lines only."""
        lines = self._said.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def count(self, event: str) -> int:
        return [each["event"] for each in self.events()].count(event)

    async def says(self, event: str, times: int = 1) -> None:
        """Wait until it has said `event` so often."""

        async def said() -> bool:
            return self.count(event) >= times

        await until(said, limit_s=30)


@asynccontextmanager
async def running_receiver(folder: Path, *arguments: str) -> AsyncIterator[Receiver]:
    """The program, ended at the end; `arguments` are its own."""
    receiver = Receiver(folder / "receiver.sock", folder / "receiver.jsonl")
    command = [sys.executable, "-m", "edge_agent.position.synthetic", "--socket", str(receiver.socket), *arguments]
    with (folder / "receiver.jsonl").open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output)
    try:
        await receiver.says("listening")
        yield receiver
    finally:
        process.terminate()
        code = await asyncio.wait_for(process.wait(), _END_LIMIT_S)
    assert code == 0
