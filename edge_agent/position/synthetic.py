"""A receiver that nobody had to buy, for demo and tests: `python -m edge_agent.position.synthetic --socket PATH`.

It sends NMEA to whoever connects to the socket: always the same place on the open sea, farthest from any land, and
says in each fix that it is simulated (quality 8). Its far end of the device handle is a probe that does not depend on
the agent: lines of JSON on standard output, each with `event` and `boot_ns` (CLOCK_BOOTTIME): `listening`, then
`connect` and `disconnect` with `client`, counted from 1.
"""

import asyncio
import json
import signal
import sys
import time
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Annotated, TextIO

from cyclopts import App, Parameter
from cyclopts.validators import Number

LATITUDE = "4852.60000,S"
LONGITUDE = "12323.60000,W"
"""Point Nemo."""

SIMULATED = 8
_CLIENTS_MAX = 16
_WRITE_LIMIT_S = 5.0

app = App(name="synthetic-receiver", help=__doc__)


def sentence(content: str) -> bytes:
    """`content` between `$` and its checksum, with the line end of NMEA 0183."""
    return f"${content}*{reduce(xor, content.encode()):02X}\r\n".encode()


def burst(number: int, *, has_fix: bool, quality: int = SIMULATED) -> bytes:
    """What a receiver sends in one turn, the `number`-th: GGA and RMC, of a fix or of none yet."""
    at = f"{number // 3600 % 24:02d}{number // 60 % 60:02d}{number % 60:02d}.00"
    place = f"{LATITUDE},{LONGITUDE}" if has_fix else ",,,"
    gga = f"{quality},11,0.9,2.0,M,0.0,M,," if has_fix else "0,00,99.99,,,,,,"
    status = "A" if has_fix else "V"
    return sentence(f"GNGGA,{at},{place},{gga}") + sentence(f"GNRMC,{at},{status},{place},0.0,,010126,,,S")


class ReceiverService:
    """Serves the receiver on a socket."""

    def __init__(self, path: Path, output: TextIO, *, every_s: float, searching_turns: int, quality: int) -> None:
        """A burst each `every_s` seconds; the first `searching_turns` for each client tell no fix."""
        self._path = path
        self._output = output
        self._every_s = every_s
        self._searching_turns = searching_turns
        self._quality = quality
        self._clients = 0
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, stop: asyncio.Event) -> None:
        """Until `stop`; what is at the path before is replaced. Raises OSError."""
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._begin, self._path)
        self._path.chmod(0o600)
        self._say("listening")
        async with server:
            await stop.wait()
            server.close()
            for task in self._serving:
                task.cancel()
            if self._serving:
                await asyncio.wait(self._serving)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._serving) >= _CLIENTS_MAX:
            writer.transport.abort()
            return
        self._clients += 1
        task = asyncio.create_task(self._attend(self._clients, reader, writer), name=f"client {self._clients}")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _attend(self, client: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._say("connect", client=client)
        sending = asyncio.create_task(self._send(writer), name=f"sentences for {client}")
        try:
            # Reading tells at once when the other end has closed. Whoever sends something to a receiver is not heard.
            while await reader.read(1024):
                continue
        except OSError:
            return
        finally:
            sending.cancel()
            self._say("disconnect", client=client)
            await asyncio.wait({sending})
            writer.transport.abort()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        turn = 0
        try:
            while True:
                writer.write(burst(turn, has_fix=turn >= self._searching_turns, quality=self._quality))
                async with asyncio.timeout(_WRITE_LIMIT_S):
                    await writer.drain()
                turn += 1
                await asyncio.sleep(self._every_s)
        except (OSError, TimeoutError):  # the other end is gone, or does not read: a receiver would not wait either
            writer.transport.abort()

    def _say(self, event: str, **facts: object) -> None:
        boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._output.write(json.dumps({"event": event, "boot_ns": boot_ns, **facts}) + "\n")
        self._output.flush()


@app.default
def serve(
    *,
    socket: Path,
    every_s: Annotated[float, Parameter(validator=Number(gte=0.01, lte=60))] = 0.5,
    searching_turns: Annotated[int, Parameter(validator=Number(gte=0, lte=10_000))] = 1,
    quality: Annotated[int, Parameter(validator=Number(gte=1, lte=8))] = SIMULATED,
) -> None:
    """Serve until the process is ended.

    Parameters
    ----------
    socket: where to listen; only this user may connect.
    every_s: seconds between the sentences.
    searching_turns: how often each client is told first that there is no fix yet.
    quality: what the sentences say of the fix.
    """
    service = ReceiverService(socket, sys.stdout, every_s=every_s, searching_turns=searching_turns, quality=quality)

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await service.serve(stop)

    try:
        asyncio.run(run())
    except OSError as error:
        sys.exit(f"the receiver can not be served on {socket}: {error}")


if __name__ == "__main__":
    app()
