"""`firmware-bridge`: the serial side, at the bench and on a unit.

Its exit codes are in its help.
"""

import errno
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cyclopts import App, CycloptsError

from firmware_bridge import errors
from firmware_bridge.cli.options import usage_line
from protocols.errors import ProtocolError
from protocols.text import one_line

_HELP = """The serial side: ports, microcontrollers, images, receivers, modems, and simulators of them.

PORT is a path, a name under /dev/serial/by-id, a serial number, or a part of a label that only one port has;
`firmware-bridge scan` lists them. Nothing here shows or keeps a position.

Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 the device, or the judging of an image, refused; 4 the port
can not be used; 5 the device does not answer, or answers nonsense; 6 an update failed and the device runs what it ran
before; 7 nobody knows what the device runs; 130 interrupted; 141 whoever read its output went away.
"""

_SCAN = """List the ports, and what answers on each.

Without --port and --ask nothing is written to any port: each is only listened to, for NMEA, UBX and AT. A port that is
asked is sent an SMP echo in a console's frames, an AT, and a raw SMP echo, unless a receiver is heard on it. Never ask
a port that an adapter of a vehicle's bus is on. Ports that another program uses are said so and left alone. Speeds are
tried in order until something is heard: 115200, 9600, 38400.
"""
_SPY = """Show what a device says, readably, until interrupted. Nothing is ever written to the port.

SMP, NMEA, UBX, AT and text are told apart; positions, secrets and long numbers are not shown. What another command
sends and gets, its --spy shows.
"""
_UPDATE = """Bring a device to an image, or leave it as it was.

The image is judged before a byte is sent: whole, signed by a --key, for the --board, not older than what runs. It is
booted once, and confirmed when the device is well; else the old one is booted again. An update that was broken off goes
on when it is begun anew; a device that runs the image already is left alone.
"""

app = App(name="firmware-bridge", help=_HELP, version_flags=[])
# A line for each command or group of commands; the module is loaded when it is called.
app.command("firmware_bridge.cli.scan:scan", name="scan", help=_SCAN)
app.command("firmware_bridge.cli.spying:spy", name="spy", help=_SPY)
app.command("firmware_bridge.cli.images:app", name="image", help="Images: show, check; sign for the bench.")
app.command("firmware_bridge.cli.updating:update", name="update", help=_UPDATE)
app.command("firmware_bridge.cli.slots:try_once", name="test", help="Boot an image that is in the device, once.")
app.command("firmware_bridge.cli.slots:confirm", name="confirm", help="Have the device confirm the image it runs.")
app.command("firmware_bridge.cli.slots:erase", name="erase", help="Erase the slot that does not run.")
app.command("firmware_bridge.cli.smp:echo", name="echo", help="Have a device send a text back.")
app.command("firmware_bridge.cli.smp:parameters", name="params", help="A device's message buffers and bootloader.")
app.command("firmware_bridge.cli.smp:images", name="images", help="The slots of a device that hold an image.")
app.command("firmware_bridge.cli.smp:stats", name="stats", help="A device's figures.")
app.command("firmware_bridge.cli.slots:reset", name="reset", help="Restart a device.")
app.command("firmware_bridge.cli.mcu:mcu", name="mcu", help="What a unit's microcontroller measures.")
app.command("firmware_bridge.cli.gnss:gnss", name="gnss", help="The health of a receiver, never its place.")
app.command("firmware_bridge.cli.modem:modem", name="modem", help="The health of a modem.")
app.command("firmware_bridge.cli.smp:file_app", name="file", help="Files of a device, at the bench.")
app.command("firmware_bridge.cli.smp:setting_app", name="setting", help="Settings of a device, at the bench.")
app.command("firmware_bridge.cli.simulating:app", name="simulate", help="Run simulated devices, each on a port.")


_SAID_SIGNS = 2000
_UNREAD = 141
"""What shells say of a program that SIGPIPE ends."""
_INTERRUPTED = 130
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
_CODES: tuple[tuple[tuple[type[errors.BridgeError], ...], int], ...] = (
    ((errors.ImageRefused, errors.DeviceRefused), 3),
    ((errors.PortError,), 4),
    ((errors.DeviceSilent, errors.ReplyUnreadable), 5),
    ((errors.UpdateFailed,), 6),
    ((errors.DeviceLeftUnsure,), 7),
)


def exit_code(error: BaseException) -> int:
    """The exit code that stands for `error`."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), 1)


def run(words: Sequence[str] | None = None) -> None:
    """Run the command line, this program's own where no `words` are given; a known error becomes one line on standard
    error. Output that nobody reads, as before `head`, ends it without a word. Raises SystemExit for codes but 0."""
    if sys.stdout is None:  # which it is where a shell closed it
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as this program runs
    try:
        try:
            with _terminated_as_interrupted():
                _run(words)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _is_unread():
            raise
        _write_no_more()
        sys.exit(_UNREAD)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _write_no_more()
        _fail(1, f"its output can not be written: {error.strerror}; see to its disk")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Have SIGTERM end what runs inside as ctrl-c does, with its last word. Does nothing outside of the main thread,
    which alone is told of signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, frame: FrameType | None) -> None:
        interrupt = signal.getsignal(signal.SIGINT)  # that of the event loop, while one runs
        if not callable(interrupt):  # a shell has programs in the background ignore it
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _write_no_more() -> None:
    """The interpreter writes once more what is left, as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_unread() -> bool:
    """Whether whoever read standard output has gone."""
    output = select.poll()
    output.register(sys.stdout, 0)
    return any(state & select.POLLERR for _, state in output.poll(0))


def _run(words: Sequence[str] | None) -> None:
    try:
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _fail(2, usage_line(error))
    except (errors.BridgeError, ProtocolError) as error:
        _fail(exit_code(error), str(error))
    except BaseExceptionGroup as group:
        known, unknown = group.split((errors.BridgeError, ProtocolError))
        if known is None or unknown is not None:
            raise
        first = _first(known)
        _fail(exit_code(first), str(first))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _fail(code: int, message: str) -> None:
    sys.stderr.write(f"firmware-bridge: {one_line(message, _SAID_SIGNS)}\n")
    sys.exit(code)
