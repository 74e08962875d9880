"""Flash memory whose power can fail between and within its operations. Pure.

It behaves as NOR flash: erasing sets every byte of a sector to 0xFF, writing only clears bits. A byte is written whole
or not at all. An operation that is cut off leaves a beginning of what it was to write, or a sector in which some
bytes, here and there, are erased.
"""

import mmap
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from firmware_bridge.errors import PowerCut, SimulationFailed

ERASED = 0xFF


class Layout(NamedTuple):
    """Where things lie: two slots, each of sectors for an image and one for its trailer; a scratch sector; a sector for
    the security counter."""

    sector_bytes: int = 4096
    image_sectors: int = 30

    @property
    def slot_bytes(self) -> int:
        """Of a slot, its trailer included."""
        return (self.image_sectors + 1) * self.sector_bytes

    @property
    def image_bytes(self) -> int:
        """The largest image that fits."""
        return self.image_sectors * self.sector_bytes

    def slot(self, number: int) -> int:
        """The address of slot 0 (the primary) or 1."""
        return number * self.slot_bytes

    def trailer(self, number: int) -> int:
        """The address of the trailer's sector of slot 0 or 1."""
        return self.slot(number) + self.image_bytes

    @property
    def scratch(self) -> int:
        """The address of the scratch sector."""
        return 2 * self.slot_bytes

    @property
    def counter(self) -> int:
        """The address of the security counter's sector."""
        return self.scratch + self.sector_bytes

    @property
    def total_bytes(self) -> int:
        """Of the whole memory."""
        return self.counter + self.sector_bytes


class Cut(NamedTuple):
    """Power fails in operation number `at`, counted from 1; `done` of it, 0 to 1, is still carried out."""

    at: int
    done: float = 0.5


class Flash:
    """A memory of `layout` in `content`, which is erased when it is not given; `changed` is called after every
    operation."""

    def __init__(
        self,
        layout: Layout,
        content: bytearray | mmap.mmap | None = None,
        *,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        if content is None:
            content = bytearray([ERASED]) * layout.total_bytes
        if len(content) != layout.total_bytes:
            raise SimulationFailed(f"a memory of {len(content)} bytes is not of {layout.total_bytes}; remove its file")
        self.layout = layout
        self._content = content
        self._changed = changed
        self._cut: Cut | None = None
        self.operations = 0
        """Writes and erasures so far, those that were cut off included."""

    def cut(self, cut: Cut | None) -> None:
        """Let power fail in a coming operation, counted from now; None: give it power again."""
        self._cut = cut and cut._replace(at=self.operations + cut.at)

    def read(self, address: int, length: int) -> bytes:
        """The bytes there; raises PowerCut without power."""
        self._check_power()
        self._check_range(address, length)
        return bytes(self._content[address : address + length])

    def write(self, address: int, content: bytes) -> None:
        """Clear the bits that are 0 in `content`; raises PowerCut."""
        self._check_power()
        self._check_range(address, len(content))
        done = self._begin()
        kept = content if done is None else content[: int(done * len(content))]
        old = self._content[address : address + len(kept)]
        together = int.from_bytes(old, "big") & int.from_bytes(kept, "big")
        self._content[address : address + len(kept)] = together.to_bytes(len(kept), "big")
        self._end(done)

    def erase(self, address: int) -> None:
        """Erase the sector that begins at `address`; raises PowerCut."""
        size = self.layout.sector_bytes
        self._check_power()
        self._check_range(address, size)
        if address % size:
            raise SimulationFailed(f"no sector begins at {address}; erase from a multiple of {size}")
        done = self._begin()
        if done is None:
            self._content[address : address + size] = bytes([ERASED]) * size
        else:
            chance = Random(self.operations)  # noqa: S311 - which bytes of a torn erasure are erased, the same each time
            old = self._content[address : address + size]
            self._content[address : address + size] = bytes(ERASED if chance.random() < done else byte for byte in old)
        self._end(done)

    def _begin(self) -> float | None:
        """Count an operation; how much of it is carried out, None for all."""
        self.operations += 1
        return self._cut.done if self._cut is not None and self.operations >= self._cut.at else None

    def _end(self, done: float | None) -> None:
        self._changed()
        if done is not None:
            raise PowerCut(self.operations)

    def _check_power(self) -> None:
        if self._cut is not None and self.operations >= self._cut.at:
            raise PowerCut(self.operations)

    def _check_range(self, address: int, length: int) -> None:
        if not 0 <= address <= address + length <= self.layout.total_bytes:
            raise SimulationFailed(f"{length} bytes at {address} are not in a memory of {self.layout.total_bytes}")
