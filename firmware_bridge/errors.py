"""Errors of the serial side.

    BridgeError
    ├── PortError            a port that can not be used
    │   ├── PortMissing          there is no such port
    │   ├── PortBusy             another program holds it
    │   ├── PortDenied           this user may not open it
    │   └── PortLost             it was unplugged, or hung up, while it was in use
    ├── LineOverrun          more came than was taken away, and some was dropped
    ├── DeviceError          what is at the other end does not do what it was asked
    │   ├── DeviceSilent         no answer within the limit
    │   ├── DeviceRefused        it answered with an error of its protocol
    │   └── ReplyUnreadable      its answer is none
    ├── ImageRefused         an image that must not be sent to a device
    ├── UpdateFailed         an update that did not come to its end; the device runs what it ran before
    ├── DeviceLeftUnsure     an update that was broken off, and nobody knows what the device runs
    ├── PluginUnusable       a plug-in that can not be loaded, or is not there
    ├── SimulationFailed     a simulated device that can not be run
    └── PowerCut             a simulated device's power failed, as it was told to

Every error carries the facts as attributes.
"""

from typing import Literal

WentBack = Literal["no", "by-itself", "when-told"]
"""Whether a device went back from an image that it had been told to try: not that anybody knows, as its bootloader or
its watchdog would have it, or as the update told it to."""


class BridgeError(Exception):
    """Base of everything in this package."""


class PortError(BridgeError):
    """`port` can not be used; `detail` says why and what to do."""

    def __init__(self, port: str, detail: str) -> None:
        super().__init__(f"{port}: {detail}")
        self.port = port
        self.detail = detail


class PortMissing(PortError):
    """There is no such port."""


class PortBusy(PortError):
    """Another program holds it."""


class PortDenied(PortError):
    """This user may not open it."""


class PortLost(PortError):
    """It was unplugged, or hung up, while it was in use."""


class LineOverrun(BridgeError):
    """`dropped_bytes` from `port` were dropped, because nobody took them away in time."""

    def __init__(self, port: str, dropped_bytes: int) -> None:
        super().__init__(f"{port}: {dropped_bytes} bytes were dropped; nothing took them away")
        self.port = port
        self.dropped_bytes = dropped_bytes


class DeviceError(BridgeError):
    """The device at `port` does not do what it was asked: `request` says what that was."""

    def __init__(self, port: str, request: str, detail: str) -> None:
        super().__init__(f"{port}: {request}: {detail}")
        self.port = port
        self.request = request
        self.detail = detail


class DeviceSilent(DeviceError):
    """No answer within `limit_s` seconds; `remedy` says what to do."""

    def __init__(
        self, port: str, request: str, limit_s: float, remedy: str = "see to the cable, the speed and the power"
    ) -> None:
        super().__init__(port, request, f"no answer within {limit_s:g} s; {remedy}")
        self.limit_s = limit_s


class DeviceRefused(DeviceError):
    """It answered with an error: `code` of `group` (None: an error of SMP itself), or a modem's `code` alone."""

    def __init__(self, port: str, request: str, detail: str, code: int, group: int | None = None) -> None:
        super().__init__(port, request, detail)
        self.code = code
        self.group = group


class ReplyUnreadable(DeviceError):
    """Its answer is none of the protocol."""


class ImageRefused(BridgeError):
    """An image that must not be sent. `reason` is one of `images.judging`, `remedy` what would make it possible."""

    def __init__(self, reason: str, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}; {remedy}" if remedy else detail)
        self.reason = reason
        self.detail = detail
        self.remedy = remedy


class UpdateFailed(BridgeError):
    """An update that did not come to its end: the device runs what it ran before. `stage` is a stage of `updating`;
    what can be behind it where the device `went_back` is said by `updating.reasons`."""

    def __init__(self, stage: str, detail: str, went_back: WentBack = "no") -> None:
        super().__init__(f"{stage}: {detail}")
        self.stage = stage
        self.detail = detail
        self.went_back = went_back


class DeviceLeftUnsure(BridgeError):
    """An update that was broken off at `stage`, with nobody knowing what the device runs now."""

    def __init__(self, stage: str, detail: str) -> None:
        super().__init__(f"{stage}: {detail}; see to the device before anything else is done to it")
        self.stage = stage
        self.detail = detail


class PluginUnusable(BridgeError):
    """The plug-in `name` can not be loaded, or is not there."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"plug-in {name}: {detail}")
        self.name = name
        self.detail = detail


class SimulationFailed(BridgeError):
    """A simulated device that can not be run."""


class PowerCut(BridgeError):
    """A simulated device's power failed at operation `operation` of its memory, as it was told to."""

    def __init__(self, operation: int) -> None:
        super().__init__(f"power was cut at operation {operation}")
        self.operation = operation
