"""Talks AT to a modem: one command at a time, its answer told from what the modem says by itself."""

import asyncio
import re

from firmware_bridge.errors import DeviceRefused, DeviceSilent, LineOverrun, ReplyUnreadable
from firmware_bridge.transport.line import Line
from protocols.text import one_line

ANSWER_S = 5.0
MAX_LINES = 64
MAX_LINE_BYTES = 1024
NO_CODE = -1
"""The `code` of a DeviceRefused where the modem said no more than ERROR."""

_SYNC_S = 1.0
_QUIET_S = 0.2
_SYNC_TRIES = 3
_REFUSALS = frozenset({"ERROR", "COMMAND NOT SUPPORT", "NO CARRIER"})
_CODED = re.compile(r"\+CM[ES] ERROR: ?(.*)", re.ASCII)
_DETAIL_SIGNS = 80


class AtDialogue:
    """A modem's side of AT on a line that somebody else opens and closes."""

    def __init__(self, line: Line) -> None:
        """Nothing is sent yet."""
        self._line = line
        self._received = bytearray()
        self._one_at_a_time = asyncio.Lock()
        self._unsure = True
        self._heard = False

    @property
    def port(self) -> str:
        """The line's name."""
        return self._line.name

    async def ask(self, command: str, *, limit_s: float = ANSWER_S) -> list[str]:
        """The lines between `command`, as `AT+CSQ`, and the modem's OK, without the echo.

        Lines that the modem says by itself at that moment may be among them: whoever reads looks for the beginning
        that belongs to the answer. Raises DeviceRefused (`code` of +CME ERROR, or NO_CODE), DeviceSilent,
        ReplyUnreadable, PortLost.
        """
        async with self._one_at_a_time:
            if self._unsure:
                await self._in_step()
            self._unsure = True  # until its answer has come, what comes may belong to this command
            self._forget()
            try:
                async with asyncio.timeout(limit_s):
                    await self._line.write(f"{command}\r".encode("ascii"))
                    answer = await self._answer(command)
            except TimeoutError:
                raise DeviceSilent(self.port, command, limit_s) from None
            except LineOverrun as error:
                raise ReplyUnreadable(self.port, command, "more came than was read; ask again") from error
            except DeviceRefused:
                self._unsure = False
                raise
            self._unsure = False
            return answer

    async def _answer(self, command: str) -> list[str]:
        lines: list[str] = []
        while True:
            text = await self._next_line(command)
            if text == "OK":
                return lines
            coded = _CODED.fullmatch(text)
            if coded is not None:
                code = int(coded[1]) if coded[1].isdecimal() and len(coded[1]) <= 4 else NO_CODE
                raise DeviceRefused(self.port, command, f"the modem says {one_line(text, _DETAIL_SIGNS)}", code)
            if text in _REFUSALS:
                raise DeviceRefused(self.port, command, f"the modem says {text}", NO_CODE)
            if text and text != command:
                lines.append(text)
            if len(lines) > MAX_LINES:
                raise ReplyUnreadable(self.port, command, f"more than {MAX_LINES} lines; it may be no modem's port")

    async def _next_line(self, command: str) -> str:
        while b"\n" not in self._received:
            if len(self._received) > MAX_LINE_BYTES:
                self._received.clear()
                raise ReplyUnreadable(self.port, command, "a line without an end; it may be no modem's port")
            self._received += await self._line.read()
            self._heard = True
        content, _, rest = bytes(self._received).partition(b"\n")
        self._received = bytearray(rest)
        # An echo ends in a carriage return alone, and stands before the answer's own empty line.
        return content.replace(b"\0", b"")[-MAX_LINE_BYTES:].decode("ascii", errors="replace").strip()

    async def _in_step(self) -> None:
        """Wait until the modem answers what it is asked, with no echo and nothing left of an earlier command. Raises
        DeviceSilent where nothing comes, ReplyUnreadable where it talks, and never OK."""
        self._heard = False
        for _ in range(_SYNC_TRIES):
            self._forget()
            try:
                async with asyncio.timeout(_SYNC_S):
                    await self._line.write(b"ATE0\r")
                    await self._answer("ATE0")
            except LineOverrun:
                self._heard = True
                continue
            except (TimeoutError, DeviceRefused, ReplyUnreadable):
                continue
            await self._quiet()
            self._unsure = False
            return
        if self._heard:
            said = f"it talks, and does not say OK; see what is there: firmware-bridge scan --port {self.port}"
            raise ReplyUnreadable(self.port, "ATE0", said)
        raise DeviceSilent(self.port, "ATE0", _SYNC_S * _SYNC_TRIES)

    async def _quiet(self) -> None:
        """Throw away what still comes of an earlier command: for a moment, whatever the modem says."""
        try:
            async with asyncio.timeout(_QUIET_S):
                while True:
                    await self._line.read()
        except (TimeoutError, LineOverrun):
            return

    def _forget(self) -> None:
        self._received.clear()
        self._line.discard()
