"""`fleet demo`: a whole fleet on this machine."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from cyclopts import Parameter, validators

from fleet.cli.output import print_line

T = TypeVar("T")
_Count = Annotated[
    int, Parameter(help="How many units, this machine's own among them.", validator=validators.Number(gte=1, lte=500))
]


def demo(
    *,
    headless: bool = False,
    units: _Count = 8,
    seconds: float = 30.0,
    reset: bool = False,
    week: bool = True,
    directory: Path = Path(".muster/demo"),
) -> None:
    """Run database, broker, controller, units and console here, on loopback only, until you leave.

    Parameters
    ----------
    headless
        No console: run for --seconds after the last unit joined, then print one line of JSON. Exit code 0 only when
        every unit joined and nothing was lost or stored twice.
    seconds
        How long a headless demo runs.
    reset
        Forget what an earlier demo left in --directory.
    week
        Where nothing is there yet, begin with a week of deployments behind it, and sixty simulated units that report.
    """
    from fleet.demo.place import Place  # noqa: PLC0415 - heavy, and only this command needs it
    from fleet.demo.run import Demo  # noqa: PLC0415 - as above

    place = Place(directory)
    with place.held():
        if reset:
            place.reset()
        whole = Demo(place, units, week=week)
        if not headless:
            _until_stopped(whole.with_console())
            return
        outcome = _until_stopped(whole.headless(seconds))
    print_line(msgspec.json.encode(outcome).decode())
    sys.exit(0 if outcome.good(units) else 1)


def _until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Run `work`; SIGTERM and SIGHUP stop it as Ctrl-C does, so that it can tidy up."""

    async def main() -> T:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
