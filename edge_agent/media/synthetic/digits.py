"""Decimal digits out of seven bars, drawn as lines of a picture: readable from afar, and no font is needed."""

from collections.abc import Iterator

_SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
"""Of 0 … 9: a top, b and c right (upper, lower), d bottom, e and f left (lower, upper), g middle."""

_BANDS = (("a", "f", "b"), ("", "f", "b"), ("g", "fe", "bc"), ("", "e", "c"), ("d", "e", "c"))
"""From top to bottom: the bar that lies, and the bars that stand left and right or end there."""

_SHARES = (1, 3, 1, 3, 1)


def digit_lines(
    number: int, places: int, width: int, height: int, ink: int, ground: int
) -> Iterator[tuple[bytes, int]]:
    """The last `places` digits of `number` as runs of equal lines: the line (`width` bytes of luma) and how often.

    The runs have `height` lines together; `ink` and `ground` are luma values.
    """
    digits = [number // 10 ** (places - 1 - place) % 10 for place in range(places)]
    cell = width // places
    tail = bytes([ground]) * (width - cell * places)
    left = height
    for band, bars in enumerate(_BANDS):
        lines = left if band == len(_BANDS) - 1 else height * _SHARES[band] // sum(_SHARES)
        left -= lines
        yield b"".join(_cell_line(digit, bars, cell, ink, ground) for digit in digits) + tail, lines


def _cell_line(digit: int, bars: tuple[str, str, str], cell: int, ink: int, ground: int) -> bytes:
    stroke = max(2, cell // 6)
    gap = max(2, cell // 5)
    lying, left, right = (any(bar in _SEGMENTS[digit] for bar in names) for names in bars)
    line = bytearray([ink if lying else ground]) * (cell - gap)
    line[:stroke] = bytes([ink if lying or left else ground]) * stroke
    line[-stroke:] = bytes([ink if lying or right else ground]) * stroke
    return bytes(line) + bytes([ground]) * gap
