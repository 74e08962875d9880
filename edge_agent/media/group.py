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

    def add(self, unit: Unit, *, key: bool) -> Sequence[Unit]:
        """The next unit of the stream. Returns the units before it where they have grown too many to be kept: nobody
        else has them then. A key picture is kept, however large."""
        if key:
            self._units, self._bytes = [unit], unit.size
            return []
        if not self._units:
            return []
        if len(self._units) >= MAX_UNITS or self._bytes + unit.size > _MAX_BYTES:
            given_up, self._units = self._units, []
            return given_up
        self._units.append(unit)
        self._bytes += unit.size
        return []
