"""`fleet` run within the tests' own process: the same entry as the program's, without a second for each start.

What is about processes (signals, terminals, pipes, files that are closed) is run as one instead.
"""

import asyncio
import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TextIO

from fleet.cli.app import run

LIMIT_S = 120.0
Ran = tuple[int, str, str]
"""Exit code, output and complaints."""


def _text(raw: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", write_through=True)


@dataclass(frozen=True)
class _Streams:
    """One command's own."""

    stdin: TextIO = field(default_factory=_text)
    stdout: TextIO = field(default_factory=_text)
    stderr: TextIO = field(default_factory=_text)


_OWN: ContextVar[_Streams | None] = ContextVar("a command's streams", default=None)


class _Stream:
    """In place of one of `sys`'s streams: the command's own for the command, as before for everything beside it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._before = getattr(sys, name)

    def __getattr__(self, name: str) -> Any:
        own = _OWN.get()
        return getattr(self._before if own is None else getattr(own, self._name), name)


@contextmanager
def _lent() -> Iterator[None]:
    """Streams and an environment without anybody's settings, for one command at a time; both are given back."""
    assert not isinstance(sys.stdout, _Stream), "one command at a time: run what goes on beside it as a process"
    names = ("stdin", "stdout", "stderr")
    before = {name: getattr(sys, name) for name in names}
    settings = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("MUSTER_CLIENT")}
    for name in names:
        setattr(sys, name, _Stream(name))
    try:
        yield
    finally:
        for name in names:
            setattr(sys, name, before[name])
        os.environ.update(settings)


def _run(words: tuple[str, ...]) -> Ran:
    streams = _Streams()
    _OWN.set(streams)
    code = 0
    try:
        run(words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:  # noqa: BLE001 - a fault of the program, which the interpreter would print as it ends
        traceback.print_exc(file=streams.stderr)
        code = 1
    return code, _written(streams.stdout), _written(streams.stderr)


def _written(stream: TextIO) -> str:
    stream.seek(0)
    return stream.buffer.read().decode()


async def run_here(*words: str) -> Ran:
    """What `fleet` answers to these words, with nothing on standard input; what it asks is served meanwhile."""
    with _lent():
        async with asyncio.timeout(LIMIT_S):
            return await asyncio.to_thread(_run, words)
