"""A frame of SMP at a glance: what is asked, and the few numbers that tell how it goes. Pure.

It never shows the content of files, settings, echoes and images, and looks at no more than a bounded number of items.
"""

import struct
from typing import NamedTuple

from protocols.words import UNKNOWN

HEADER_BYTES = 8
MAX_BODY_BYTES = 8192
_HEADER = struct.Struct("!BBHHBB")
_OPERATIONS = ("read", "read answer", "write", "write answer")
_GROUPS: dict[int, tuple[str, tuple[str, ...]]] = {
    0: ("os", ("echo", "console", "tasks", "memory", "time", "reset", "parameters", "info", "bootloader")),
    1: ("image", ("state", "upload", "file", "corelist", "coreload", "erase", "slots")),
    2: ("stat", ("show", "list")),
    3: ("settings", ("value", "delete", "commit", "store")),
    8: ("fs", ("file", "status", "hash", "hashes", "close")),
    9: ("shell", ("execute",)),
    63: ("zephyr", ("erase-storage",)),
    64: ("unit", ("watchdog", "sensor-power")),
}
_SHOWN = ("image", "slot", "off", "len", "confirm", "match", "upgrade", "buf_size", "buf_count", "s", "ms", "rc")
_MAX_ITEMS = 256
_MAX_DEPTH = 8


class Header(NamedTuple):
    """The 8 bytes before a body."""

    operation: int
    length: int
    group: int
    sequence: int
    command: int


def read_header(content: bytes) -> Header | None:
    """The header at the beginning of `content`; None when it can not be one of SMP's."""
    if len(content) < HEADER_BYTES:
        return None
    first, flags, length, group, sequence, command = _HEADER.unpack_from(content)
    if first & ~0b1011 or flags or length > MAX_BODY_BYTES or group not in _GROUPS:
        return None
    return Header(first & 0b11, length, group, sequence, command)


def glance(frame: bytes) -> str | None:
    """One line on a whole frame; None when it is none."""
    header = read_header(frame)
    if header is None or len(frame) != HEADER_BYTES + header.length:
        return None
    try:
        items = _Skim(frame[HEADER_BYTES:]).whole()
    except (IndexError, ValueError, struct.error):
        return None
    group, commands = _GROUPS[header.group]
    command = commands[header.command] if header.command < len(commands) else str(header.command)
    figures = [f"{name} {items[name]}" for name in _SHOWN if name in items]
    figures += [f"data {items['data']} bytes"] if isinstance(items.get("data"), _Length) else []
    figures += [f"error {items['err']}"] if "err" in items else []
    what = f"SMP {_OPERATIONS[header.operation]} {group} {command} #{header.sequence}"
    return f"{what}: {', '.join(figures)}" if figures else what


class _Length(int):
    """How long a text or a string of bytes is: all that is known of it."""


_Item = int | str | _Length | None


class _Skim:
    """Reads CBOR's top map for numbers, without making anything of the rest. Raises IndexError and ValueError."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._items = 0

    def whole(self) -> dict[str, _Item]:
        """The numbers and lengths of the one map that is all of the content."""
        found = self._map(0)
        if self._at != len(self._content):
            raise ValueError("more than one map")
        return found

    def _map(self, depth: int) -> dict[str, _Item]:
        major, count = self._head()
        if major != 5:
            raise ValueError("no map")
        found: dict[str, _Item] = {}
        while count is None or count > 0:
            if count is None and self._is_break():
                break
            name = self._name()
            value = self._err(depth) if name == "err" and depth == 0 else self._value(depth + 1)
            if name is not None:
                found.setdefault(name, value)
            count = None if count is None else count - 1
        return found

    def _err(self, depth: int) -> str:
        """The error of a group, as `rc 2 of group 1`."""
        inner = self._map(depth + 1)
        return f"{_number(inner.get('rc'))} of group {_number(inner.get('group'))}"

    def _name(self) -> str | None:
        """A key; None for one that is no short text."""
        at = self._at
        major, length = self._head()
        if major != 3 or length is None or length > 16:
            self._at = at
            self._value(1)
            return None
        return self._taken(length).decode("ascii", errors="replace")

    def _value(self, depth: int) -> _Item:
        if depth > _MAX_DEPTH:
            raise ValueError("too deep")
        major, count = self._head()
        if major == 0:
            return count
        if major == 1:
            return None if count is None else -1 - count
        if major in {2, 3}:
            return self._string(count)
        if major == 6:
            return self._value(depth + 1)
        if major == 7:
            return {20: "no", 21: "yes"}.get(-1 if count is None else count)
        self._skip(None if count is None else count * (major - 3), depth)
        return None

    def _skip(self, count: int | None, depth: int) -> None:
        """`count` values of a list or a map; None: until its end is marked."""
        while count is None or count > 0:
            if count is None and self._is_break():
                return
            self._value(depth + 1)
            count = None if count is None else count - 1

    def _string(self, length: int | None) -> _Length:
        if length is not None:
            self._taken(length)
            return _Length(length)
        total = 0
        while not self._is_break():
            major, part = self._head()
            if major not in {2, 3} or part is None:
                raise ValueError("no piece of a string")
            total += len(self._taken(part))
        return _Length(total)

    def _head(self) -> tuple[int, int | None]:
        """What comes next, and its number; None: of a length that is not said."""
        self._items += 1
        if self._items > _MAX_ITEMS:
            raise ValueError("too many items")
        first = self._content[self._at]
        self._at += 1
        major, small = first >> 5, first & 31
        if small < 24:
            return major, small
        if small == 31 and major in {2, 3, 4, 5}:
            return major, None
        if small > 27:
            raise ValueError("no head")
        return major, int.from_bytes(self._taken(1 << (small - 24)), "big")

    def _is_break(self) -> bool:
        if self._content[self._at] != 0xFF:
            return False
        self._at += 1
        return True

    def _taken(self, length: int) -> bytes:
        if length > len(self._content) - self._at:
            raise IndexError("it ends too early")
        taken = self._content[self._at : self._at + length]
        self._at += length
        return taken


def _number(value: _Item) -> str:
    return str(value) if isinstance(value, int) else UNKNOWN
