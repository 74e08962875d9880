"""The socket in the state directory by which commands on the unit ask the running agent; its owner and root may."""

import asyncio
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from edge_agent.errors import StateUnusable
from edge_agent.openings.carried import (
    MAX_LINE_BYTES,
    SOCKET_NAME,
    Ask,
    Asked,
    Close,
    Done,
    Look,
    Looked,
    NotDone,
    Open,
    Opened,
    Reply,
    Request,
    request_decoder,
)
from edge_agent.openings.desk import Desk
from edge_agent.openings.facts_source import FactsSource
from edge_agent.openings.saying import Saying
from edge_agent.openings.verdicts import OpeningRefused
from protocols.api.checks import CarriedRequest
from protocols.ids import new_opening_id
from protocols.opening import Answered, Closed, NonceMade
from protocols.text import one_line

CALLERS_MAX = 4
REQUEST_LIMIT_S = 10.0
ANSWER_LIMIT_S = 60.0
_DETAIL_CHARS = 200

_log = structlog.get_logger(__name__)


class Door:
    """Takes one request from each caller, and four callers at a time."""

    def __init__(self, state_dir: Path, desk: Desk, facts: FactsSource, saying: Saying) -> None:
        """Nothing listens before `run`."""
        self._state_dir = state_dir
        self._desk = desk
        self._facts = facts
        self._saying = saying
        self._callers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listen until cancelled. A socket that can not be made is told in the log, and no lease is carried."""
        try:
            listening = _listening_in(self._state_dir)
        except OSError as error:
            _log.warning("no lease can be carried here", path=str(self._state_dir / SOCKET_NAME), detail=str(error))
            return
        server = await asyncio.start_unix_server(self._take, sock=listening, limit=MAX_LINE_BYTES)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for caller in self._callers:
                caller.cancel()
            with suppress(OSError):  # the next start removes it
                (self._state_dir / SOCKET_NAME).unlink(missing_ok=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._callers) >= CALLERS_MAX or not _is_owner(writer):
            writer.close()
            return
        self._callers.add(task)
        try:
            reply = await self._answer_to(reader)
            writer.write(msgspec.json.encode(reply) + b"\n")
            async with asyncio.timeout(REQUEST_LIMIT_S):
                await writer.drain()
        except (OSError, TimeoutError) as error:
            _log.info("a caller went away", detail=str(error))
        finally:
            self._callers.discard(task)
            writer.close()

    async def _answer_to(self, reader: asyncio.StreamReader) -> Reply:
        try:
            async with asyncio.timeout(REQUEST_LIMIT_S):
                request = request_decoder.decode(await reader.readuntil(b"\n"))
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await self._done(request)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _not_done("lease-unreadable", f"it can not be read: {error}")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return _not_done("lease-unreadable", f"a request is one line of at most {MAX_LINE_BYTES} bytes")
        except TimeoutError:
            return _not_done("fault", "there was no answer in time")
        except OpeningRefused as refused:
            return _not_done(refused.rule, refused.detail)
        except StateUnusable as error:
            return _not_done("state-unusable", str(error))

    async def _done(self, request: Request) -> Reply:
        match request:
            case Ask():
                return Asked(await self._asked(request))
            case Open(grant=grant):
                saying = await self._desk.grant(grant)
                signal = None if saying is None else await saying
                return Opened(signal if isinstance(signal, Answered | Closed) else None)
            case Close(opening=opening):
                self._desk.close(opening, "asked")
                return Done()
            case Look():
                bench = await self._facts.bench()
                open_now = [one.opening for one in self._desk.open]
                return Looked(open_now, bench.lid_open, bench.in_workshop, self._desk.obstacle)

    async def _asked(self, ask: Ask) -> CarriedRequest:
        opening = new_opening_id()
        made = await self._desk.ask(opening, ask.modalities, carried=True)
        signal = NonceMade(opening=opening, nonce=made.nonce, boot_id=self._facts.boot_id)
        return CarriedRequest(
            unit=self._facts.unit_id,
            opening=opening,
            nonce=made.nonce,
            modalities=ask.modalities,
            mandate=ask.mandate,
            sealed=await self._saying.sealed(signal),
        )


def _not_done(rule: str, detail: str) -> NotDone:
    return NotDone(rule, one_line(detail, _DETAIL_CHARS))


def _listening_in(directory: Path) -> socket.socket:
    """The listening socket, for its owner only; raises OSError."""
    (directory / SOCKET_NAME).unlink(missing_ok=True)
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(f"/proc/self/fd/{held}/{SOCKET_NAME}")  # a socket's own path may have 107 bytes at most
        (directory / SOCKET_NAME).chmod(0o600)
    except OSError:
        listening.close()
        raise
    finally:
        os.close(held)
    return listening


def _is_owner(writer: asyncio.StreamWriter) -> bool:
    """Whether the caller is this user or root, as Linux says."""
    caller = writer.get_extra_info("socket")
    raw = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", raw)[1] in {0, os.geteuid()}
