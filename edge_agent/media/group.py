"""The present group of pictures of a stream, in memory: what a decoder needs to begin now."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import av

Unit: TypeAlias = "av.Packet[Any]"
"""One encoded picture, or 20 ms of sound."""

MAX_UNITS = 300
_MAX_BYTES = 8 * 1024 * 1024


class Group:
    """Everything from the last key picture on; nothing, until the next one, when that grows too large."""

    def __init__(self) -> None:
        """Empty."""
        self._units: list[Unit] = []
        self._bytes = 0

    @property
    def units(self) -> Sequence[Unit]:
        """From the key picture on; empty when there is none to begin with."""
        return self._units

    @property
    def is_half_full(self) -> bool:
        """Whether it may soon grow too large to be kept."""
        several = len(self._units) > 1
        return several and (len(self._units) >= MAX_UNITS // 2 or self._bytes >= _MAX_BYTES // 2)

    def add(self, unit: Unit, *, key: bool) -> None:
        """The next unit of the stream. A key picture is kept, however large."""
        if key:
            self._units, self._bytes = [unit], unit.size
        elif len(self._units) >= MAX_UNITS or self._bytes + unit.size > _MAX_BYTES:
            self._units, self._bytes = [], 0
        elif self._units:
            self._units.append(unit)
            self._bytes += unit.size
