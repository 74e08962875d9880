"""Muster's own group of SMP: the watchdog, and the power of camera and microphone. See docs/serial.md.

Both commands may be repeated: a kick sets the time anew, and power is granted from the moment a message comes, never
for longer than its last message says.
"""

from typing import Final

from smp.message import ReadRequest, WriteRequest

GROUP: Final = 64
WATCHDOG: Final = 0
SENSOR_POWER: Final = 1
MOST_POWER_MS: Final = 960_000


class WatchdogKick(WriteRequest):
    """Restart the unit in `s` seconds, at least 1, unless kicked again; answered with `left`, in seconds."""

    _GROUP_ID = GROUP
    _COMMAND_ID = WATCHDOG

    s: int


class SensorPowerWrite(WriteRequest):
    """Power for camera and microphone for at most `ms` milliseconds from now, 0 … 960,000; 0 cuts it now. Answered with
    `ms`, what is left."""

    _GROUP_ID = GROUP
    _COMMAND_ID = SENSOR_POWER

    ms: int


class SensorPowerRead(ReadRequest):
    """Answered with `ms`, the milliseconds that are left."""

    _GROUP_ID = GROUP
    _COMMAND_ID = SENSOR_POWER
