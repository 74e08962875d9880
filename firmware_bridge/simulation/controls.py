"""A simulated device is poked at and looked at through a Unix socket beside its link: a line of JSON in, one out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware_bridge.errors import SimulationFailed

_LINE_BYTES = 64 * 1024
_LIMIT_S = 5.0


class Poke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change: figures by name (None: not fitted), and what is done to the device once."""

    figures: dict[str, int | str | None] = {}
    acts: Annotated[list[str], Meta(max_length=8)] = []


class Poked(msgspec.Struct, frozen=True):
    """How the device is then; `error` says what could not be done."""

    state: dict[str, object] = {}
    error: str = ""


Answers = Callable[[Poke], dict[str, object]]
"""Does what a poke says and returns the state; raises SimulationFailed."""


def control_path(link: Path) -> Path:
    """The socket beside `link`."""
    return link.with_name(f"{link.name}.control")


@asynccontextmanager
async def controlled(link: Path, answers: Answers) -> AsyncIterator[None]:
    """Let `answers` be asked at the socket beside `link`; raises SimulationFailed when there can be none."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_LIMIT_S):
                writer.write(msgspec.json.encode(_answer(await reader.readline(), answers)) + b"\n")
                await writer.drain()
        except (OSError, TimeoutError, ValueError):  # whoever asked has gone, or said too much
            return
        finally:
            writer.close()

    path = control_path(link)
    path.unlink(missing_ok=True)
    try:
        server = await asyncio.start_unix_server(attend, path, limit=_LINE_BYTES)
    except OSError as error:
        raise SimulationFailed(f"{path} can not be made: {error.strerror or error}; choose another link") from error
    path.chmod(0o600)
    try:
        async with server:
            yield
    finally:
        path.unlink(missing_ok=True)


def _answer(line: bytes, answers: Answers) -> Poked:
    try:
        return Poked(state=answers(msgspec.json.decode(line, type=Poke)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Poked(error=f"this is no poke: {error}")
    except SimulationFailed as error:
        return Poked(error=str(error))


async def poke(link: Path, wish: Poke) -> dict[str, object]:
    """Ask the device at `link`, and return its state; raises SimulationFailed."""
    try:
        async with asyncio.timeout(_LIMIT_S):
            reader, writer = await asyncio.open_unix_connection(control_path(link), limit=_LINE_BYTES)
            try:
                writer.write(msgspec.json.encode(wish) + b"\n")
                reply = msgspec.json.decode(await reader.readline(), type=Poked)
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, msgspec.DecodeError) as error:
        raise SimulationFailed(f"no simulated device answers at {link}; start it, and name the same --link") from error
    if reply.error:
        raise SimulationFailed(reply.error)
    return reply.state
