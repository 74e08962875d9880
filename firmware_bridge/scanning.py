"""What is at the other end of a port: heard by listening, found out by asking."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from firmware_bridge.errors import BridgeError, DeviceRefused, LineOverrun, PortBusy, PortError
from firmware_bridge.transport.line import Line
from firmware_bridge.transport.ports import PortFacts
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.transport.traffic import Reading

Kind = Literal["SMP console", "SMP raw", "NMEA", "UBX", "AT"]

LISTENED_BAUDS = (115200, 9600, 38400)
"""Speeds that microcontrollers, receivers and modems are mostly set to."""
LISTEN_S = 1.5
"""Longer than the second between two fixes of a receiver."""
_ANSWER_S = 1.0
_AT_ONCE = 8
_ECHO = "muster"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was heard or that answered, at `baud` bit/s."""

    what: Kind
    baud: int


class ScannedPort(msgspec.Struct, frozen=True, kw_only=True):
    """A port and what is on it; `trouble` says why it is not known, or not all of it."""

    path: str
    stable: str
    label: str
    serial_number: str
    in_use: bool
    asked: bool
    answers: list[Answer]
    trouble: str


async def scan_ports(
    ports: Sequence[PortFacts], bauds: Sequence[int], *, ask: bool, limit_s: float
) -> list[ScannedPort]:
    """Each of `ports`, scanned for `limit_s` seconds at the most, several at once. Written to only if `ask`."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(port: PortFacts) -> ScannedPort:
        async with turns:
            return await _scan(port, bauds, ask=ask, limit_s=limit_s)

    return list(await asyncio.gather(*(one(port) for port in ports)))


async def _scan(port: PortFacts, bauds: Sequence[int], *, ask: bool, limit_s: float) -> ScannedPort:
    answers: list[Answer] = []
    trouble, in_use = "", False
    try:
        async with asyncio.timeout(limit_s):
            for baud in bauds:
                async with await open_line(port.stable, baud=baud) as line:
                    answers = [Answer(what=what, baud=baud) for what in await _found(line, ask=ask)]
                if answers:
                    break
    except PortError as error:
        trouble, in_use = error.detail, isinstance(error, PortBusy)
    except TimeoutError:
        trouble = f"not all was tried within {limit_s:g} s"
    return ScannedPort(
        path=port.path,
        stable=port.stable,
        label=port.label,
        serial_number=port.serial_number,
        in_use=in_use,
        asked=ask,
        answers=answers,
        trouble=trouble,
    )


async def _found(line: Line, *, ask: bool) -> list[Kind]:
    heard = await listened(line)
    if not ask or {"NMEA", "UBX"} & set(heard):
        return heard
    for what, question in _QUESTIONS:
        if what not in heard and await _answers(line, question):
            heard.append(what)
            break
    return heard


async def listened(line: Line) -> list[Kind]:
    """What the device says by itself within `LISTEN_S`, in the order it was heard. Raises PortError."""
    reading, kinds = Reading(), dict[Kind, None]()
    try:
        async with asyncio.timeout(LISTEN_S):
            while True:
                try:
                    kinds |= dict.fromkeys(reading.spoken(await line.read()))
                except LineOverrun:
                    continue
    except TimeoutError:
        return list(kinds)


async def _answers(line: Line, question: Callable[[Line], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_S * 3):
            return await question(line)
    except DeviceRefused:
        return True
    except PortError:
        raise
    except (BridgeError, TimeoutError):
        return False


async def _console(line: Line) -> bool:
    return await _echoes(line, "console")


async def _raw(line: Line) -> bool:
    return await _echoes(line, "raw")


async def _echoes(line: Line, framing: Literal["console", "raw"]) -> bool:
    from firmware_bridge.smp.device import Limits, SmpDevice  # noqa: PLC0415 - heavy, and not for those who only listen

    async with SmpDevice.on(line, framing, Limits(reply_s=_ANSWER_S, tries=1)) as device:
        return await device.echo(_ECHO) == _ECHO


async def _at(line: Line) -> bool:
    from firmware_bridge.modem.dialogue import AtDialogue  # noqa: PLC0415 - as above

    await AtDialogue(line).ask("AT", limit_s=_ANSWER_S)
    return True


_QUESTIONS: tuple[tuple[Kind, Callable[[Line], Awaitable[bool]]], ...] = (
    ("SMP console", _console),
    ("AT", _at),
    ("SMP raw", _raw),
)
"""In this order: a raw frame, which is no text, comes last."""
