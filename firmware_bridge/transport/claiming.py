"""A port opened for this program alone. Blocks, so it is called in a thread.

Two locks keep a second program out. flock is respected by those who ask for it, as pyserial does when it is told to
open exclusively, and is gone with whoever held it, however it ended. TIOCEXCL keeps out everybody but root; root asks
whether it is set. On a pty it would outlive a program that was killed for as long as the other side is there, so
there it is flock alone.
"""

import array
import errno
import fcntl
import os
import stat
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

from firmware_bridge.errors import PortBusy, PortDenied, PortError, PortMissing

if TYPE_CHECKING:
    from serial import Serial

_ASK_EXCLUSIVE = 0x80045440
"""TIOCGEXCL, which Python's termios does not know."""
_PTY_MAJORS = range(136, 144)
_BUSY = {errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK, errno.ETXTBSY}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


class Claimed:
    """An open port; `descriptor` does not block."""

    def __init__(self, port: "Serial", *, shared: bool) -> None:
        self._port = port
        self._shared = shared
        self.descriptor: int = port.fileno()

    def forget_input(self) -> None:
        """Throw away what the driver holds and nobody read."""
        with suppress(termios.error, OSError):
            termios.tcflush(self.descriptor, termios.TCIFLUSH)

    def release(self) -> None:
        """Let go. What was not sent yet is thrown away: a driver would wait up to half a minute for it."""
        with suppress(termios.error, OSError):
            termios.tcflush(self.descriptor, termios.TCIOFLUSH)
        if not self._shared:
            with suppress(OSError):
                fcntl.ioctl(self.descriptor, termios.TIOCNXCL)
        with suppress(OSError):
            self._port.close()


def claim(path: str, baud: int) -> Claimed:
    """Open `path` at `baud`, 8 bits, no parity, one stop bit, no flow control; raises PortMissing, PortBusy and
    PortDenied."""
    from serial import Serial, SerialException  # noqa: PLC0415 - who opens no line need not load it

    try:
        port = Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
    except SerialException as error:
        raise _refusal(path, error.errno or _cause(error)) from error
    except (OSError, ValueError, OverflowError, termios.error) as error:
        raise PortMissing(path, f"it can not be set to {baud} bit/s: {error}; choose a speed it knows") from error
    is_pty = _is_pty(port.fileno())
    try:
        if not is_pty:
            _take_alone(path, port.fileno())
    except PortBusy:
        port.close()
        raise
    return Claimed(port, shared=is_pty)


def _take_alone(path: str, descriptor: int) -> None:
    answer = array.array("i", [0])
    with suppress(OSError):
        fcntl.ioctl(descriptor, _ASK_EXCLUSIVE, answer)
    if answer[0]:
        raise _refusal(path, errno.EBUSY)
    with suppress(OSError):
        fcntl.ioctl(descriptor, termios.TIOCEXCL)


def _is_pty(descriptor: int) -> bool:
    facts = os.fstat(descriptor)
    return stat.S_ISCHR(facts.st_mode) and os.major(facts.st_rdev) in _PTY_MAJORS


def _cause(error: BaseException) -> int:
    """The number of the system's error behind pyserial's, 0 where there is none."""
    behind = error.__context__
    number = behind.args[0] if behind is not None and behind.args else 0
    return number if isinstance(number, int) else 0


def _refusal(path: str, number: int) -> PortError:
    if number in _BUSY:
        return PortBusy(path, "another program holds it; end that one (`fuser -v` with the path names it)")
    if number in _DENIED:
        return PortDenied(
            path, "this user may not open it; add the user to group dialout (`adduser NAME dialout`) and log in again"
        )
    if number in {errno.ENOTTY, errno.EISDIR, errno.EINVAL}:
        return PortMissing(path, "it is no serial port; `firmware-bridge scan` lists those there are")
    if number == errno.EIO:
        return PortMissing(path, "nothing is behind it; see to the cable, and plug it in again")
    why = "there is no such port" if number == errno.ENOENT else os.strerror(number) if number else "it can not be used"
    return PortMissing(path, f"{why}; see to the cable; `firmware-bridge scan` lists the ports there are")
