"""Asks the modem on a serial port for its health, each half minute. A modem of ModemManager's is asked elsewhere:
`edge_agent.readers.modem_manager`."""

import asyncio
from contextlib import suppress

from edge_agent.serial.latest import Latest
from firmware_bridge.errors import BridgeError
from firmware_bridge.modem.dialogue import AtDialogue
from firmware_bridge.modem.surveying import Survey
from protocols.backoff import Backoff, Draw, evenly

EVERY_S = 30.0


class ModemWatch:
    """One modem. Its port is open while it answers."""

    def __init__(self, port: str, baud: int, *, every_s: float = EVERY_S, draw: Draw = evenly) -> None:
        """`port` as people call it, `baud` its speed; a modem on USB takes any."""
        self._port = port
        self._baud = baud
        self._every_s = every_s
        self._draw = draw
        self.latest = Latest()

    async def run(self) -> None:
        """Ask until cancelled. A port that fails is opened anew."""
        backoff = Backoff(base_s=2.0, cap_s=120.0, draw=self._draw)
        while True:
            try:
                await self._asked_while_it_answers(backoff)
            except (BridgeError, OSError) as error:
                self.latest.fail(str(error))
            await asyncio.sleep(backoff.next_s())

    async def _asked_while_it_answers(self, backoff: Backoff) -> None:
        # pyserial is loaded where there is a port to open.
        from firmware_bridge.transport.ports import resolve  # noqa: PLC0415 - as above
        from firmware_bridge.transport.serial_line import open_line  # noqa: PLC0415 - as above

        path = await asyncio.to_thread(resolve, self._port)
        line = await open_line(path, baud=self._baud)
        try:
            survey = Survey(AtDialogue(line))
            while True:
                figures = await survey.figures()
                self.latest.tell(figures.health())
                backoff.reset()
                await asyncio.sleep(self._every_s)
        finally:
            with suppress(BridgeError):
                await line.close()
