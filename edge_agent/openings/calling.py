"""Asking the running agent by its socket, from a command on the unit."""

import os
import socket
from pathlib import Path

import msgspec

from edge_agent.openings.carried import (
    MAX_LINE_BYTES,
    SOCKET_NAME,
    DoorClosed,
    Looked,
    NotDone,
    RefusedByUnit,
    Reply,
    Request,
    reply_decoder,
)

CALL_LIMIT_S = 75.0
LOOK_LIMIT_S = 2.0
_CHUNK_BYTES = 65_536


def call(state_dir: Path, request: Request, *, limit_s: float = CALL_LIMIT_S) -> Reply:
    """The agent's answer; waits `limit_s` for each part of it. Raises DoorClosed, RefusedByUnit."""
    line = msgspec.json.encode(request) + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise DoorClosed(f"a request has at most {MAX_LINE_BYTES} bytes")
    try:
        reply = reply_decoder.decode(_exchanged(state_dir, line, limit_s))
    except OSError as error:
        raise DoorClosed(error.strerror or str(error)) from error
    except msgspec.DecodeError as error:
        raise DoorClosed(f"its answer can not be read ({error})") from error
    if isinstance(reply, NotDone):
        raise RefusedByUnit(reply.rule, reply.detail)
    return reply


def look(state_dir: Path, request: Request) -> Looked | None:
    """How the running agent stands; None when it can not be asked now."""
    try:
        reply = call(state_dir, request, limit_s=LOOK_LIMIT_S)
    except (DoorClosed, RefusedByUnit):
        return None
    return reply if isinstance(reply, Looked) else None


def _exchanged(state_dir: Path, line: bytes, limit_s: float) -> bytes:
    held = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(limit_s)
            caller.connect(f"/proc/self/fd/{held}/{SOCKET_NAME}")
            caller.sendall(line)
            answer = b""
            while not answer.endswith(b"\n") and len(answer) <= MAX_LINE_BYTES:
                chunk = caller.recv(_CHUNK_BYTES)
                if not chunk:
                    break
                answer += chunk
            return answer
    finally:
        os.close(held)
