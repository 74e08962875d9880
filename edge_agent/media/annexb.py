"""H.264 in Annex B form: units between start codes. Pure.

Unit types after ITU-T H.264 table 7-1: 1 slice, 5 slice of an IDR picture, 7 SPS, 8 PPS, 9 access unit delimiter.
"""

from collections.abc import Iterator

_CODE = b"\x00\x00\x01"
_SLICE, _IDR, _SPS, _PPS, _DELIMITER = 1, 5, 7, 8, 9
_LONG_CODE = b"\x00\x00\x00\x01"


def units(data: bytes) -> Iterator[bytes]:
    """The units of `data` without start codes; nothing for data without one."""
    start = data.find(_CODE)
    while start >= 0:
        start += len(_CODE)
        following = data.find(_CODE, start)
        end = len(data) if following < 0 else following
        unit = data[start:end].rstrip(b"\x00") if following >= 0 else data[start:]
        if unit:
            yield unit
        start = following


def is_annexb(data: bytes) -> bool:
    """Whether `data` begins with a start code."""
    return data.startswith((_CODE, _LONG_CODE))


def _kind(unit: bytes) -> int:
    return unit[0] & 0x1F


class ParameterSets:
    """Puts SPS and PPS before each IDR picture that comes without: who joins needs both in the stream."""

    def __init__(self, extradata: bytes | None) -> None:
        """`extradata` of the stream, in either form; sets in avcC form are brought in by the bit stream filter."""
        self._sets: dict[int, bytes] = {}
        if extradata and is_annexb(extradata):
            self._learn(list(units(extradata)))

    def complete(self, data: bytes) -> tuple[bytes, bool]:
        """The access unit `data` with what it needs before it, and whether it is a key picture (IDR)."""
        found = list(units(data))
        kinds = {_kind(unit) for unit in found}
        self._learn(found)
        if _IDR not in kinds:
            return data, False
        missing = [self._sets[kind] for kind in (_SPS, _PPS) if kind not in kinds and kind in self._sets]
        if not missing:
            return data, True
        head, rest = ([found[0]], found[1:]) if _kind(found[0]) == _DELIMITER else ([], found)
        return b"".join(_LONG_CODE + unit for unit in (*head, *missing, *rest)), True

    @property
    def known(self) -> bytes:
        """Both sets, as a decoder needs them before its first picture; empty while one of them is not known."""
        if _SPS not in self._sets or _PPS not in self._sets:
            return b""
        return b"".join(_LONG_CODE + self._sets[kind] for kind in (_SPS, _PPS))

    def _learn(self, found: list[bytes]) -> None:
        for unit in found:
            if _kind(unit) in {_SPS, _PPS}:
                self._sets[_kind(unit)] = unit
