"""Byte patterns that must not lie on any disk, and the search for them in files."""

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

WINDOW = 32
STRIDE = 64
_KEY = 8
_CHUNK = 16 << 20
_OVERLAP = 128
"""No window is longer."""
_HASH_BITS = 24
_MIXER = np.uint64(0x9E3779B97F4A7C15)
_Words = np.ndarray[Any, np.dtype[np.uint64]]


class Pattern(NamedTuple):
    """`window` is what is searched for; its eight bytes at `key_at` are looked for first."""

    kind: str
    window: bytes
    key_at: int


class Found(NamedTuple):
    """A pattern of this kind lies in the file at this place."""

    kind: str
    file: Path
    at: int


class Patterns:
    """Windows of media, each of `WINDOW` bytes, one every `STRIDE`: whatever lies somewhere with 96 bytes in a row is
    found. Windows with little in them, such as zeroes, are left out."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._by_key: dict[int, list[Pattern]] = {}
        self._known: set[bytes] = set()

    def add(self, kind: str, data: bytes, *, stride: int = STRIDE, window: int = WINDOW, distinct: int = 10) -> None:
        """Windows of `data` with at least so many distinct bytes."""
        for at in range(0, len(data) - window + 1, stride):
            self._add(kind, data[at : at + window], distinct)

    def add_exact(self, kind: str, window: bytes) -> None:
        """All of `window`, which has at least eight bytes."""
        self._add(kind, window, 1)

    def add_degrees(self, degrees: float) -> None:
        """A coordinate as a double, in both byte orders, and as text to four places."""
        self.add_exact("position", struct.pack("<d", degrees))
        self.add_exact("position", struct.pack(">d", degrees))
        self.add_exact("position", f"{abs(degrees):.6f}"[:8].encode())

    def example(self, kind: str) -> bytes:
        """One of the windows of this kind."""
        return next(one.window for same in self._by_key.values() for one in same if one.kind == kind)

    def search(self, file: Path) -> Iterator[Found]:
        """All that lies in `file`."""
        keys = np.array(sorted(self._by_key), dtype=np.uint64)
        if not keys.size:
            return
        known = np.zeros(1 << _HASH_BITS, dtype=bool)
        known[_hashed(keys)] = True
        with file.open("rb") as stream:
            base, before = 0, b""
            while chunk := stream.read(_CHUNK):
                data = before + chunk
                start = base - len(before)
                for at in _candidates(data, keys, known):
                    yield from self._matching(file, data, at, start)
                before, base = data[-_OVERLAP:], base + len(chunk)

    def _add(self, kind: str, window: bytes, distinct: int) -> None:
        if len(set(window)) < distinct or window in self._known:
            return
        self._known.add(window)
        key_at = max(range(len(window) - _KEY + 1), key=lambda at: len(set(window[at : at + _KEY])))
        pattern = Pattern(kind, window, key_at)
        self._by_key.setdefault(_word(window, key_at), []).append(pattern)
        self.counts[kind] += 1

    def _matching(self, file: Path, data: bytes, at: int, start: int) -> Iterator[Found]:
        for pattern in self._by_key[_word(data, at)]:
            first = at - pattern.key_at
            if first >= 0 and data[first : first + len(pattern.window)] == pattern.window:
                yield Found(pattern.kind, file, start + first)


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + _KEY], "little")


def _hashed(words: _Words) -> _Words:
    hashed: _Words = (words * _MIXER) >> np.uint64(64 - _HASH_BITS)
    return hashed


def _candidates(data: bytes, keys: _Words, known: np.ndarray[Any, np.dtype[np.bool_]]) -> Iterator[int]:
    """Where one of `keys` begins, at any offset."""
    for shift in range(_KEY):
        count = max(0, len(data) - shift) // _KEY
        if not count:
            continue
        words: _Words = np.frombuffer(data, dtype="<u8", count=count, offset=shift)
        maybe = np.flatnonzero(known[_hashed(words)])
        places = np.searchsorted(keys, words[maybe]).clip(max=keys.size - 1)
        for place in maybe[keys[places] == words[maybe]]:
            yield int(place) * _KEY + shift
