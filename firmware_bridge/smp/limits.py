"""How long SMP waits, how often it tries, and how much it takes."""

from dataclasses import dataclass
from typing import Final

from firmware_bridge.smp.framing import MESSAGE_BYTES


@dataclass(frozen=True)
class Limits:
    """`reply_s` is counted beside the time a message takes at `slowest_bytes_per_s`, 9600 bit/s; `erase_s` stands for
    it where a device may erase a slot first. A message is sent `tries` times at the most; a device may answer an upload
    with offsets that are no progress `setbacks` times on end. `buffer_bytes` is what a device is taken to have that
    does not say."""

    reply_s: float = 2.5
    erase_s: float = 40.0
    slowest_bytes_per_s: int = 960
    tries: int = 4
    setbacks: int = 8
    buffer_bytes: int = 256
    message_bytes: int = MESSAGE_BYTES
    file_bytes: int = 16 * 1024 * 1024

    def wait_s(self, message_bytes: int, reply_s: float | None = None) -> float:
        """How long the reply to a message of so many bytes may take, `reply_s` without the sending."""
        framed_bytes = message_bytes * 1.5
        return (self.reply_s if reply_s is None else reply_s) + framed_bytes / self.slowest_bytes_per_s


DEFAULT_LIMITS: Final = Limits()
