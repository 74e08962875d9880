"""Answers SMP's messages as Zephyr's server does: groups of commands, and what is said of requests it can not do. Pure.

Errors of a group are an `err` map in version 2 and `rc` alone in version 1; errors of SMP itself are `rc` in both.
Source: https://docs.zephyrproject.org/latest/services/device_mgmt/smp_protocol.html.
"""

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

import cbor2

from firmware_bridge.smp.framing import HEADER_BYTES, REQUESTS, header_of

Body = dict[str, object]

UNKNOWN, INVALID, TOO_LARGE, NOT_SUPPORTED = 1, 3, 7, 8
"""SMP's own codes."""

_HEADER = struct.Struct("!BBHHBB")
_WRITE = 2
_VERSION_2 = 1


class Refused(NamedTuple):
    """`code` of the command's group; of SMP itself where `general`."""

    code: int
    general: bool = False


Answer = Body | Refused
Command = Callable[[Body], Answer]


class Commands(NamedTuple):
    """What a command does when it is read, and when it is written; None: not supported."""

    read: Command | None = None
    write: Command | None = None


Group = Mapping[int, Commands]


class SmpServer:
    """The commands of `groups`, by group and command number; replies have at most `buffer_bytes`."""

    def __init__(self, groups: Mapping[int, Group], *, buffer_bytes: int) -> None:
        self._groups = groups
        self._buffer_bytes = buffer_bytes

    def answer(self, message: bytes) -> bytes | None:
        """The reply to `message`; None for what a server drops: no request, or larger than its buffer. Raises what the
        commands raise, PowerCut above all."""
        header = header_of(message)
        if header is None or header.op not in REQUESTS or len(message) > self._buffer_bytes:
            return None
        if len(message) != HEADER_BYTES + header.length:
            return None
        answer = self._carry_out(header.group, header.command, header.op == _WRITE, message[HEADER_BYTES:])
        body = _body(answer, header.group, header.version)
        if HEADER_BYTES + len(body) > self._buffer_bytes:
            body = _body(Refused(TOO_LARGE, general=True), header.group, header.version)
        first = header.op + 1 | header.version << 3
        return _HEADER.pack(first, 0, len(body), header.group, header.sequence, header.command) + body

    def _carry_out(self, group: int, number: int, writes: bool, content: bytes) -> Answer:
        commands = self._groups.get(group, {}).get(number)
        command = None if commands is None else commands.write if writes else commands.read
        if command is None:
            return Refused(NOT_SUPPORTED, general=True)
        body = _read_body(content)
        return Refused(INVALID, general=True) if body is None else command(body)


def _read_body(content: bytes) -> Body | None:
    try:
        body = cbor2.loads(content) if content else {}
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError):
        return None
    if not isinstance(body, dict) or not all(isinstance(key, str) for key in body):
        return None
    return body


def _body(answer: Answer, group: int, version: int) -> bytes:
    if not isinstance(answer, Refused):
        return cbor2.dumps(answer)
    if answer.general or version < _VERSION_2:
        return cbor2.dumps({"rc": answer.code if answer.general else UNKNOWN})
    return cbor2.dumps({"err": {"group": group, "rc": answer.code}})


def number_in(body: Body, name: str) -> int | None:
    """The whole number `name` of a request that is at least 0; None for anything else."""
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def bytes_in(body: Body, name: str) -> bytes:
    """The bytes `name` of a request; none for anything else."""
    value = body.get(name)
    return value if isinstance(value, bytes) else b""


def text_in(body: Body, name: str) -> str | None:
    """The text `name` of a request; None for anything else."""
    value = body.get(name)
    return value if isinstance(value, str) else None
