"""A bootloader that behaves as MCUboot does when it swaps with a scratch sector. Pure.

A swap is begun only for an image that is whole, signed by a key it was given, bootable, and whose security counter is
not below the highest confirmed one. Whatever is in the flash, nothing else is ever started. Power may fail at any
operation: the next boot goes on from what the trailer records, and every step can be done twice.
"""

from collections.abc import Sequence
from typing import NamedTuple

from firmware_bridge.errors import SimulationFailed
from firmware_bridge.simulation.flash import ERASED, Flash
from firmware_bridge.simulation.slot_images import BootKey, SlotImage, image_in, is_signed, is_whole
from firmware_bridge.simulation.trailers import STEPS, Swap, Trailer, wanted_swap

PRIMARY, SECONDARY = 0, 1
_COUNTER_BYTES = 8


class Booted(NamedTuple):
    """The image that was started; `swap` is what was done before; `confirmed` is whether it was confirmed then."""

    image: SlotImage
    swap: Swap
    confirmed: bool


class Halted(NamedTuple):
    """Nothing was started: `reason` says why."""

    reason: str


class Bootloader:
    """Boots what is in `flash`, trusting `keys`."""

    def __init__(self, flash: Flash, keys: Sequence[BootKey]) -> None:
        self._flash = flash
        self._keys = tuple(keys)
        self._primary = Trailer(flash, PRIMARY)
        self._secondary = Trailer(flash, SECONDARY)

    def boot(self) -> Booted | Halted:
        """Finish or begin what the trailers ask for, then start the primary slot's image; raises PowerCut."""
        swap = Swap.NONE
        if not self._primary.in_progress:
            swap = wanted_swap(self._primary, self._secondary)
            if swap is not Swap.NONE and not self._may_start(SECONDARY):
                self._refuse()
                swap = Swap.NONE
            if swap is not Swap.NONE:
                self._begin(swap)
        if self._primary.in_progress:
            swap = self._primary.swap
            self._carry_out()
        image = self._may_start(PRIMARY)
        if image is None:
            return Halted("the primary slot holds no image that may be started")
        confirmed = self._primary.confirmed
        if confirmed:
            self._raise_counter(image.security_counter)
        return Booted(image, swap, confirmed)

    def image(self, slot: int) -> SlotImage | None:
        """What slot 0 or 1 holds by its header, whole or not; raises PowerCut."""
        return image_in(self._slot(slot))

    def security_counter(self) -> int:
        """The lowest counter an image may have; raises PowerCut."""
        return max((value for value in self._counters() if value is not None), default=0)

    def _slot(self, number: int) -> bytes:
        layout = self._flash.layout
        return self._flash.read(layout.slot(number), layout.image_bytes)

    def _may_start(self, slot: int) -> SlotImage | None:
        content = self._slot(slot)
        image = image_in(content)
        if image is None or not image.bootable or not is_whole(content, image) or not is_signed(image, self._keys):
            return None
        return image if image.security_counter >= self.security_counter() else None

    def _refuse(self) -> None:
        """Stay with what is in the primary slot, for good, and take the request back."""
        if self._primary.counts and self._primary.copy_done:
            self._primary.set_image_ok()
        if self._secondary.counts:
            self._flash.erase(self._flash.layout.slot(SECONDARY))
        self._secondary.erase()

    def _begin(self, swap: Swap) -> None:
        """Record the swap in the primary trailer. Until it counts there, the secondary one still asks for it: for
        going back too, since the primary trailer that says so is erased."""
        if swap is Swap.REVERT and not self._secondary.counts:
            self._secondary.erase()
            self._secondary.set_copy_done()
            self._secondary.set_magic()
        sectors = max(self._sectors(PRIMARY), self._sectors(SECONDARY))
        self._primary.erase()
        self._primary.set_swap(swap, sectors)
        self._primary.set_magic()

    def _sectors(self, slot: int) -> int:
        """How many sectors the image takes; all of them when there is none to be seen."""
        image, layout = self.image(slot), self._flash.layout
        return layout.image_sectors if image is None else -(-image.total_bytes // layout.sector_bytes)

    def _carry_out(self) -> None:
        self._secondary.erase()
        for sector in reversed(range(self._primary.sectors)):
            for step in range(self._primary.steps(sector), STEPS):
                self._copy(sector, step)
                self._primary.note_step(sector, step + 1)
        if self._primary.swap is not Swap.TEST:
            self._primary.set_image_ok()
        self._primary.set_copy_done()

    def _copy(self, sector: int, step: int) -> None:
        layout = self._flash.layout
        primary, secondary = (layout.slot(slot) + sector * layout.sector_bytes for slot in (PRIMARY, SECONDARY))
        source, target = ((secondary, layout.scratch), (primary, secondary), (layout.scratch, primary))[step]
        self._flash.erase(target)
        self._flash.write(target, self._flash.read(source, layout.sector_bytes))

    def _counters(self) -> list[int | None]:
        """The records of the security counter, None for one that a power cut left torn; blank ones are not listed."""
        layout = self._flash.layout
        content = self._flash.read(layout.counter, layout.sector_bytes)
        records = [content[at : at + _COUNTER_BYTES] for at in range(0, len(content), _COUNTER_BYTES)]
        written = [each for each in records if each.count(ERASED) < _COUNTER_BYTES]
        return [
            int.from_bytes(each[:4], "little") if each[4:] == bytes(byte ^ 0xFF for byte in each[:4]) else None
            for each in written
        ]

    def _raise_counter(self, counter: int) -> None:
        if counter <= self.security_counter():
            return
        used, layout = len(self._counters()), self._flash.layout
        if (used + 1) * _COUNTER_BYTES > layout.sector_bytes:
            raise SimulationFailed("the security counter can be raised no further; remove the device's flash file")
        value = counter.to_bytes(4, "little")
        self._flash.write(layout.counter + used * _COUNTER_BYTES, value + bytes(byte ^ 0xFF for byte in value))
