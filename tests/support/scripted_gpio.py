"""A GPIO chip below the library's own Python layer: what the kernel would say is said by a test."""

import os
import time
from typing import Any

import gpiod
from gpiod import _ext
from gpiod.line import Value


class ScriptedLine:
    """The kernel's side of one requested line: its level, the edges that wait to be read, and its descriptor."""

    def __init__(self, offset: int, *, active: bool) -> None:
        self.chip_name = "gpiochip0"
        self.offsets = [offset]
        self.num_lines = 1
        self.active = active
        self.released = False
        self.gone = False
        self._edges: list[gpiod.EdgeEvent] = []
        self.fd, self._kernel_fd = os.pipe()

    def change(self, *, active: bool) -> None:
        """An edge, at this moment."""
        self.active = active
        kind = _ext.EDGE_EVENT_TYPE_RISING if active else _ext.EDGE_EVENT_TYPE_FALLING
        stamp_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._edges.append(gpiod.EdgeEvent(kind, stamp_ns, self.offsets[0], 1, 1))
        os.write(self._kernel_fd, b"e")

    def unplug(self) -> None:
        """The chip is taken away."""
        self.gone = True
        os.write(self._kernel_fd, b"e")

    def get_values(self, offsets: list[int], values: list[Value]) -> None:
        assert offsets == self.offsets
        values[0] = Value.ACTIVE if self.active else Value.INACTIVE

    def read_edge_events(self, _max_events: int | None) -> list[gpiod.EdgeEvent]:
        os.read(self.fd, 64)
        if self.gone:
            raise OSError(19, "No such device")
        edges, self._edges = self._edges, []
        return edges

    def release(self) -> None:
        assert not self.released
        self.released = True
        os.close(self.fd)
        os.close(self._kernel_fd)


class ScriptedChip:
    """Stands in for `gpiod._ext.Chip`: line names to offsets, and what was asked for."""

    def __init__(self, names: dict[str, int], *, active: bool) -> None:
        self.requests: list[ScriptedLine] = []
        self.asked: list[tuple[str | None, int | None]] = []
        self.closed = 0
        self._names = names
        self._active = active

    def __call__(self, _path: str) -> "ScriptedChip":
        return self

    def line_offset_from_id(self, name: str) -> int:
        if name not in self._names:
            raise FileNotFoundError(2, "No such file or directory")
        return self._names[name]

    def get_info(self) -> Any:
        return gpiod.ChipInfo("gpiochip0", "scripted", 28)

    def get_line_name(self, _offset: int) -> str | None:
        return None

    def request_lines(
        self, line_cfg: _ext.LineConfig, consumer: str | None, event_buffer_size: int | None
    ) -> ScriptedLine:
        assert isinstance(line_cfg, _ext.LineConfig)
        self.asked.append((consumer, event_buffer_size))
        self.requests.append(ScriptedLine(17, active=self._active))
        return self.requests[-1]

    def close(self) -> None:
        self.closed += 1
