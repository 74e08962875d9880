"""A modem with answers by heart, as the Line to it: for tests of what talks to one."""

import asyncio
from collections.abc import Mapping

QUECTEL = {
    "ATE0": "ATE0\r\r\nOK\r\n",
    "AT+CMEE=1": "\r\nOK\r\n",
    "AT+CEREG=0": "\r\nOK\r\n",
    "AT+COPS=3,0": "\r\nOK\r\n",
    "AT+CGMI": "\r\nQuectel\r\n\r\nOK\r\n",
    "AT+CSQ": "\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
    "AT+CESQ": "\r\n+CESQ: 99,99,255,255,20,45\r\n\r\nOK\r\n",
    "AT+QCSQ": '\r\n+QCSQ: "LTE",-63,-95,160,-9\r\n\r\nOK\r\n',
    "AT+CEREG?": "\r\n+CEREG: 0,5\r\n\r\nOK\r\n",
    "AT+COPS?": '\r\n+COPS: 0,0,"Example Mobile",7\r\n\r\nOK\r\n',
    "AT+QTEMP": "\r\n+QTEMP: 35,33,34\r\n\r\nOK\r\n",
    "AT+CGMR": "\r\nEC25EFAR06A03M4G\r\n\r\nOK\r\n",
    "AT+CPIN?": "\r\n+CPIN: READY\r\n\r\nOK\r\n",
}


class ScriptedModem:
    """Answers each command as `answers` say, ERROR what is not there, nothing where the answer is empty."""

    name = "modem"

    def __init__(self, answers: Mapping[str, str], *, piece_bytes: int = 4096) -> None:
        """What it says comes in pieces of at most `piece_bytes`."""
        self._answers = answers
        self._piece_bytes = piece_bytes
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self.asked: list[str] = []
        self.failure: Exception | None = None

    def say(self, text: str) -> None:
        """Say something unasked."""
        content = text.encode("latin-1")
        for at in range(0, len(content), self._piece_bytes):
            self._said.put_nowait(content[at : at + self._piece_bytes])

    async def read(self) -> bytes:
        """See Line."""
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        return await self._said.get()

    async def write(self, content: bytes) -> None:
        """See Line."""
        command = content.decode().rstrip("\r")
        self.asked.append(command)
        self.say(self._answers.get(command, "\r\nERROR\r\n"))

    def discard(self) -> None:
        """See Line."""
        while not self._said.empty():
            self._said.get_nowait()

    async def close(self) -> None:
        """See Line."""
