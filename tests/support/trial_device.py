"""A device that boots firmware on trial, as MCUboot does, behind a line with faults. Without bytes and without time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from firmware_bridge.errors import DeviceRefused, DeviceSilent, ImageRefused, PortLost
from firmware_bridge.images.installed import Installed
from firmware_bridge.updating.device import Progress

Trouble = Literal["fine", "lost-before", "lost-after", "silent-after", "power-before", "power-after", "dead"]
Flaw = Literal["sick", "crashing", "unbootable"]
"""Not well; restarts before it answers; not booted by the bootloader."""

TROUBLES: tuple[Trouble, ...] = ("lost-before", "lost-after", "silent-after", "power-before", "power-after")

OLD, NEW, OTHER = b"old", b"new", b"other"
VERSIONS = {OLD: "1.0.0", NEW: "2.0.0", OTHER: "1.5.0"}
SIZE = 4
"""Bytes of every image, as far as sending goes."""


def seen(image: bytes, *, confirmed: bool = True) -> Installed:
    """What a device says that runs `image`."""
    return Installed(VERSIONS[image], image.hex(), confirmed)


@dataclass
class TrialDevice:
    """Runs `runs`; `other` is in its other slot, `held` bytes of it. `flaws` says which images are no good. `troubles`
    come with the calls one by one, then none. `confirmed_sick` is whether it was ever told to confirm an image that is
    not well."""

    runs: bytes = OLD
    confirmed: bool = True
    other: bytes = b""
    held: int = 0
    pending: bool = False
    flaws: dict[bytes, Flaw] = field(default_factory=dict)
    refuses_send: bool = False
    refuses_mark: bool = False
    troubles: Iterator[Trouble] = field(default_factory=lambda: iter(()))
    dead: bool = False
    confirmed_sick: bool = False
    booted: list[bytes] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def restart(self) -> None:
        """What the bootloader does after power came back."""
        if self.pending and self.flaws.get(self.other) == "unbootable":
            self.pending = False
        elif self.pending or not self.confirmed:
            self.confirmed = not self.pending
            self.pending = False
            self.runs, self.other = self.other, self.runs
        self.booted.append(self.runs)
        if self.flaws.get(self.runs) == "crashing" and not self.confirmed:
            self.restart()

    def _call(self, name: str, act: Callable[[], None]) -> None:
        self.calls.append(name)
        trouble = "dead" if self.dead else next(self.troubles, "fine")
        if trouble == "dead":
            self.dead = True
            raise DeviceSilent("sim", name, 1)
        if trouble == "power-before":
            self.restart()
        elif trouble != "lost-before":
            act()
        if trouble == "power-after":
            self.restart()
        if trouble.startswith("lost"):
            raise PortLost("sim", "pulled")
        if trouble != "fine":
            raise DeviceSilent("sim", name, 1)

    async def installed(self) -> Installed:
        self._call("installed", lambda: None)
        return seen(self.runs, confirmed=self.confirmed and not self.pending)

    async def judge(self, image: bytes, board: str) -> Installed:
        if image not in VERSIONS or board:
            raise ImageRefused("not-an-image", "it is none", "name one")
        return seen(image)

    async def send(self, image: bytes, tell: Callable[[Progress], None]) -> None:
        if self.refuses_send:
            raise DeviceRefused("sim", "image upload", "no room", 1)
        while not (self.other == image and self.held == SIZE):
            self._call("send", lambda: self._take(image))
            tell(Progress(self.held, SIZE))

    def _take(self, image: bytes) -> None:
        if self.pending or not self.confirmed:
            raise DeviceRefused("sim", "image upload", "the slot is in use", 1)
        if self.other != image:
            self.other, self.held = image, 0
        self.held += 1

    async def try_once(self, image: bytes) -> None:
        if self.runs == image:
            return
        self._call("mark", lambda: self._mark(image))
        self._call("restart", self.restart)

    def _mark(self, image: bytes) -> None:
        if self.refuses_mark:
            raise DeviceRefused("sim", "image test", "not now", 1)
        if self.other != image or self.held != SIZE:
            raise DeviceRefused("sim", "image test", "there is no such image", 1)
        self.pending = True

    async def healthy(self) -> str | None:
        self._call("healthy", lambda: None)
        return "it is sick" if self.flaws.get(self.runs) == "sick" else None

    async def confirm(self) -> None:
        self._call("confirm", self._confirm_it)

    def _confirm_it(self) -> None:
        self.confirmed_sick |= self.flaws.get(self.runs) == "sick" and not self.confirmed
        self.confirmed = True

    async def revert(self) -> None:
        if self.pending or not self.confirmed:
            self._call("revert", self.restart)
