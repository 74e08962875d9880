"""A TCP line as a bad mobile link is: slow, far, and lossy. What TCP loses comes later, and everything after it too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

_SEGMENT_BYTES = 1200
_HEADER_BYTES = 60
_AGAIN_S = 1.2
"""How long a lost segment takes to be missed and sent again, on such a line."""


class PoorLine:
    """A proxy on `port` to `target`; `byte_count` counts both ways, headers included."""

    def __init__(self, target: int, *, kbit_s: float, round_trip_ms: float, loss_percent: float, seed: int = 5) -> None:
        self.port = 0
        self.byte_count = 0
        self._target = target
        self._bytes_per_s = kbit_s * 1000 / 8
        self._one_way_s = round_trip_ms / 2000
        self._loss = loss_percent / 100
        self._random = Random(seed)
        self._free_s = [0.0, 0.0]
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, both ways, until either side ends it."""
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        ways = [
            asyncio.create_task(self._pass_on(reader, there_writer, 0)),
            asyncio.create_task(self._pass_on(there_reader, writer, 1)),
        ]
        self._tasks.update(ways)
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ways:
                task.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._tasks.difference_update(ways)
            for end in (there_writer, writer):
                end.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int) -> None:
        clock = asyncio.get_running_loop().time
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        arriving = asyncio.create_task(self._arrive(on_the_way, writer))
        try:
            due_s = 0.0
            while segment := await reader.read(_SEGMENT_BYTES):
                size = len(segment) + _HEADER_BYTES
                self.byte_count += size
                # All connections share the line, and each keeps its order.
                self._free_s[way] = max(clock(), self._free_s[way]) + size / self._bytes_per_s
                again_s = _AGAIN_S if self._random.random() < self._loss else 0.0
                due_s = max(due_s, self._free_s[way] + self._one_way_s + again_s)
                await on_the_way.put((due_s, segment))
            await on_the_way.put((due_s, b""))
            await arriving
        finally:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)

    async def _arrive(self, on_the_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due_s, segment = await on_the_way.get()
            await asyncio.sleep(max(0.0, due_s - clock()))
            if not segment:
                return
            writer.write(segment)
            await writer.drain()


@asynccontextmanager
async def poor_line(
    target: int, *, kbit_s: float = 32, round_trip_ms: float = 800, loss_percent: float = 5
) -> AsyncIterator[PoorLine]:
    """The line, until the block ends."""
    line = PoorLine(target, kbit_s=kbit_s, round_trip_ms=round_trip_ms, loss_percent=loss_percent)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        await server.wait_closed()
