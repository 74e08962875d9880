"""A slot's trailer: what a simulated bootloader and its application tell each other through the flash. Pure.

At the end of a slot, in a sector of its own: the swap's record of what it has done, then how many sectors it swaps,
what kind of swap it is, whether the image was copied whole, whether it is confirmed, and a magic number that says that
all of this counts. Places and values are those of MCUboot for an alignment of 8 bytes: https://docs.mcuboot.com/design.html.
"""

from enum import IntEnum

from firmware_bridge.simulation.flash import ERASED, Flash

MAGIC = bytes.fromhex("77c295f360d2ef7f3552500f2cb67980")
"""MCUboot's, for an alignment of 8 bytes."""

STEPS = 3
"""Records for a pair of sectors: copied to the scratch sector, to the secondary slot, to the primary slot."""

_SET = 0x01
_IMAGE_OK, _COPY_DONE, _SWAP_INFO, _SWAP_SIZE = 24, 32, 40, 48
"""Bytes before the trailer's end."""


class Swap(IntEnum):
    """What is to happen to the two images at the next boot; the numbers are MCUboot's."""

    NONE = 1
    TEST = 2
    PERMANENT = 3
    REVERT = 4


class Trailer:
    """The trailer of slot `number`, read from the flash whenever it is asked; every method may raise PowerCut."""

    def __init__(self, flash: Flash, number: int) -> None:
        self._flash = flash
        self._start = flash.layout.trailer(number)
        self._end = self._start + flash.layout.sector_bytes

    @property
    def blank(self) -> bool:
        """Whether it is erased from end to end."""
        return self._flash.read(self._start, self._end - self._start).count(ERASED) == self._end - self._start

    @property
    def counts(self) -> bool:
        """Whether its magic number is whole: nothing else in it means anything otherwise."""
        return self._flash.read(self._end - len(MAGIC), len(MAGIC)) == MAGIC

    @property
    def image_ok(self) -> bool:
        """Whether the image was confirmed."""
        return self._byte(_IMAGE_OK) == _SET

    @property
    def confirmed(self) -> bool:
        """Whether the image stays: it was confirmed, or never was on trial. Asked of the primary slot."""
        return self.image_ok or not self.counts

    @property
    def copy_done(self) -> bool:
        """Whether the swap that put the image here was finished."""
        return self._byte(_COPY_DONE) == _SET

    @property
    def swap(self) -> Swap:
        """The swap that was begun last."""
        value = self._byte(_SWAP_INFO)
        return Swap(value) if value in {Swap.TEST, Swap.PERMANENT, Swap.REVERT} else Swap.NONE

    @property
    def in_progress(self) -> bool:
        """Whether a swap was begun and not finished. Asked of the primary slot."""
        return self.counts and self.swap is not Swap.NONE and not self.copy_done

    @property
    def sectors(self) -> int:
        """How many pairs of sectors the swap takes, at the most as many as there are."""
        number = int.from_bytes(self._flash.read(self._end - _SWAP_SIZE, 4), "little")
        return min(number, self._flash.layout.image_sectors)

    def steps(self, sector: int) -> int:
        """How many steps of swapping this pair of sectors are done, 0 to 3."""
        records = self._flash.read(self._start + STEPS * sector, STEPS)
        return next((step for step, record in enumerate(records) if record == ERASED), STEPS)

    def note_step(self, sector: int, step: int) -> None:
        """Record that `step`, 1 to 3, is done."""
        self._flash.write(self._start + STEPS * sector + step - 1, bytes([step]))

    def set_image_ok(self) -> None:
        """Confirm the image."""
        self._set(_IMAGE_OK)

    def set_copy_done(self) -> None:
        """Record that the swap is finished."""
        self._set(_COPY_DONE)

    def set_swap(self, swap: Swap, sectors: int) -> None:
        """Record what swap is begun; it counts once the magic number is there."""
        self._flash.write(self._end - _SWAP_SIZE, sectors.to_bytes(4, "little"))
        self._flash.write(self._end - _SWAP_INFO, bytes([swap]))

    def set_magic(self) -> None:
        """Let the trailer count."""
        self._flash.write(self._end - len(MAGIC), MAGIC)

    def erase(self) -> None:
        """Erase it, unless it is blank. An erasure that is cut off could leave any part of what it said, so its magic
        number is spoilt first."""
        if self.blank:
            return
        if self.counts:
            self._flash.write(self._end - len(MAGIC), bytes(len(MAGIC)))
        self._flash.erase(self._start)

    def _byte(self, before_end: int) -> int:
        return self._flash.read(self._end - before_end, 1)[0]

    def _set(self, before_end: int) -> None:
        if self._byte(before_end) != _SET:
            self._flash.write(self._end - before_end, bytes([_SET]))


def wanted_swap(primary: Trailer, secondary: Trailer) -> Swap:
    """What the two trailers ask of the next boot when no swap is in progress, in MCUboot's order: the secondary slot's
    request first, then going back from an image that was never confirmed."""
    if secondary.counts:
        if secondary.image_ok:
            return Swap.PERMANENT
        return Swap.REVERT if secondary.copy_done else Swap.TEST
    if primary.counts and primary.copy_done and not primary.image_ok:
        return Swap.REVERT
    return Swap.NONE
