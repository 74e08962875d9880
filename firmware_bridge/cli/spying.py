"""`firmware-bridge spy`, and `--spy` of the other commands: the traffic of a line, readably."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from firmware_bridge.cli.options import Baud, Port, WholeNumber
from firmware_bridge.cli.output import print_remark
from firmware_bridge.errors import BridgeError, LineOverrun
from firmware_bridge.transport.ports import resolve
from firmware_bridge.transport.serial_line import open_line
from firmware_bridge.transport.spy import Spy

_STANDARD_ERROR = Path("-")


@contextmanager
def spied(file: Path | None) -> Iterator[Spy | None]:
    """The spy that `--spy` asks for, if it does; what it wrote is complete at the end. It adds to a file that is there.

    Raises BridgeError when the file can not be opened; one that can not be written to later is remarked on.
    """
    if file is None:
        yield None
        return
    if file == _STANDARD_ERROR:
        with _flushed(Spy(sys.stderr)) as spy:
            yield spy
        return
    try:
        stream = file.open("a", encoding="utf-8")
    except OSError as error:
        raise BridgeError(f"{file}: {error.strerror}; name a file that can be written for --spy") from error
    try:
        with _flushed(Spy(stream)) as spy:
            yield spy
    finally:
        with suppress(OSError):  # what could not be written was remarked on
            stream.close()


@contextmanager
def _flushed(spy: Spy) -> Iterator[Spy]:
    try:
        yield spy
    finally:
        spy.flush()
        if spy.failure is not None:
            print_remark(f"the spy stopped writing: {spy.failure}")


def spy(
    port: Port,
    *,
    baud: Baud = 115200,
    for_s: Annotated[int | None, Parameter(validator=WholeNumber(1, 86_400), help="End after so many seconds.")] = None,
) -> None:
    """Show what a device says, readably, until interrupted; write nothing to it."""
    watcher = Spy(sys.stdout)
    try:
        asyncio.run(_watch(resolve(port), baud, watcher, for_s))
    finally:
        watcher.flush()


async def _watch(path: str, baud: int, watcher: Spy, for_s: int | None) -> None:
    async with await open_line(path, baud=baud, spy=watcher) as line:
        with suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                while watcher.failure is None:
                    try:
                        await line.read()
                    except LineOverrun as error:
                        print_remark(str(error))
    if isinstance(watcher.failure, BrokenPipeError):
        raise watcher.failure
    if watcher.failure is not None:
        raise BridgeError(f"standard output can not be written: {watcher.failure}; see to its disk")
