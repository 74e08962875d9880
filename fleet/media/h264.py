"""What the relay has to know of an H.264 access unit (ITU-T H.264, Annex B): where decoding can begin, and its format.

The bytes come from a unit, so nothing here raises whatever they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_START = b"\x00\x00\x01"
_SLICE, _IDR, _SPS = 1, 5, 7
_MAX_SPS_BYTES = 256
_MAX_NALS = 64
_MAX_SIDE = 8192
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""Values of profile_idc whose sequence parameter set describes the chroma format (7.3.2.1.1)."""


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """profile_level_id: as in SDP (RFC 6184), six hexadecimal digits; width and height in pixels, cropped."""

    profile_level_id: str
    width: int
    height: int


def is_keyframe(access_unit: bytes) -> bool:
    """Whether a decoder that knows nothing yet can begin here: an IDR picture behind its sequence parameter set."""
    has_format = False
    for kind, _ in _nal_units(access_unit):
        if kind == _SPS:
            has_format = True
        elif _SLICE <= kind <= _IDR:
            return has_format and kind == _IDR
    return False


def picture_format(access_unit: bytes) -> PictureFormat | None:
    """The format in the first sequence parameter set of `access_unit`; None without one that can be read."""
    for kind, begin in _nal_units(access_unit):
        if kind == _SPS:
            end = access_unit.find(_START, begin)
            unit = access_unit[begin : end if end >= 0 else None][:_MAX_SPS_BYTES]
            try:
                return _read_sps(unit.replace(b"\x00\x00\x03", b"\x00\x00"))
            except (ValueError, IndexError):
                return None
        if _SLICE <= kind <= _IDR:
            return None
    return None


def _nal_units(access_unit: bytes) -> Iterator[tuple[int, int]]:
    """Type, and place of the header byte, of the first NAL units."""
    place = access_unit.find(_START)
    for _ in range(_MAX_NALS):
        begin = place + len(_START)
        if place < 0 or begin >= len(access_unit):
            return
        yield access_unit[begin] & 0x1F, begin
        place = access_unit.find(_START, begin)


class _Bits:
    """Bits of `data` from the front; raises ValueError behind its end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def bits(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("the parameter set ends too early")
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        """ue(v) of 9.1."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > 31:
                raise ValueError("no number of H.264 is that large")
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        """se(v) of 9.1.1."""
        number = self.golomb()
        return (number + 1) // 2 if number % 2 else -(number // 2)


def _read_sps(unit: bytes) -> PictureFormat:
    bits = _Bits(unit[1:])
    profile_idc, constraints, level_idc = bits.bits(8), bits.bits(8), bits.bits(8)
    bits.golomb()
    chroma = _skip_chroma(bits) if profile_idc in _WITH_CHROMA else 1
    bits.golomb()
    _skip_order(bits)
    bits.golomb()
    bits.bits(1)
    width_mbs, map_units = bits.golomb() + 1, bits.golomb() + 1
    fields = 1 if bits.bits(1) else 2
    if fields == 2:
        bits.bits(1)
    bits.bits(1)
    left = right = top = bottom = 0
    if bits.bits(1):
        left, right, top, bottom = (bits.golomb() for _ in range(4))
    step_x = 2 if chroma in {1, 2} else 1
    step_y = (2 if chroma == 1 else 1) * fields
    width = width_mbs * 16 - (left + right) * step_x
    height = map_units * 16 * fields - (top + bottom) * step_y
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise ValueError("no camera has pictures of this size")
    return PictureFormat(f"{profile_idc:02x}{constraints:02x}{level_idc:02x}", width, height)


def _skip_chroma(bits: _Bits) -> int:
    """chroma_format_idc; goes behind the scaling lists."""
    chroma = bits.golomb()
    if chroma == 3:
        bits.bits(1)
    bits.golomb()
    bits.golomb()
    bits.bits(1)
    if bits.bits(1):
        for number in range(12 if chroma == 3 else 8):
            if bits.bits(1):
                _skip_scaling(bits, 16 if number < 6 else 64)
    return chroma


def _skip_scaling(bits: _Bits, size: int) -> None:
    scale = 8
    for _ in range(size):
        scale = (scale + bits.signed()) % 256
        if not scale:
            return


def _skip_order(bits: _Bits) -> None:
    """Behind the description of the picture order count."""
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.bits(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed()
