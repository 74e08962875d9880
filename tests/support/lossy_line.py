"""A Line that loses whole writes, and whole reads, of the line behind it."""

from firmware_bridge.transport.line import Line


class LossyLine:
    """Every so many of them; `lost` counts both."""

    def __init__(self, line: Line, *, lose_writes_every: int, lose_reads_every: int) -> None:
        self._line = line
        self._writes_every = lose_writes_every
        self._reads_every = lose_reads_every
        self._writes = self._reads = self.lost = 0

    @property
    def name(self) -> str:
        return self._line.name

    async def read(self) -> bytes:
        while True:
            content = await self._line.read()
            self._reads += 1
            if self._reads % self._reads_every:
                return content
            self.lost += 1

    async def write(self, content: bytes) -> None:
        self._writes += 1
        if self._writes % self._writes_every:
            await self._line.write(content)
        else:
            self.lost += 1

    def discard(self) -> None:
        self._line.discard()

    async def close(self) -> None:
        await self._line.close()
