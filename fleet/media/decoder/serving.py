"""The life of a decoder's process: load everything, shut itself in, then answer one task after the other."""

import os

import msgspec

from fleet.media.decoder.confining import CHANNEL, confine, die_with
from fleet.media.decoder.rehearsal import rehearse
from fleet.media.decoder.wire import HEADER_BYTES, MOST_TASK_BYTES, Task, framed
from fleet.media.decoder.work import Decoder

_IN, _OUT = CHANNEL
_READ_BYTES = 64 * 1024


def serve(parent: int) -> None:
    """Answer tasks until the channel is closed, as a child of the process `parent`, and with it only.

    Raises OSError where Linux refuses a lock, before anything is read.
    """
    die_with(parent)
    rehearse()
    _write(framed(confine()))
    decoder = Decoder()
    tasks = msgspec.msgpack.Decoder(Task)
    while (header := _read(HEADER_BYTES)) is not None:
        size = int.from_bytes(header, "big")
        body = _read(size) if size <= MOST_TASK_BYTES else None
        if body is None:
            break
        _write(framed(decoder.work(tasks.decode(body))))
    os._exit(0)


def _read(count: int) -> bytes | None:
    """The next `count` bytes; None when the channel is closed before."""
    read = bytearray()
    while len(read) < count:
        part = os.read(_IN, min(count - len(read), _READ_BYTES))
        if not part:
            return None
        read += part
    return bytes(read)


def _write(message: bytes) -> None:
    left = memoryview(message)
    while left:
        left = left[os.write(_OUT, left) :]
