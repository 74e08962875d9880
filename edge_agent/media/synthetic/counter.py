"""The frame number that the synthetic camera draws into its picture, and the reader of it.

Layout, in fractions of the picture so that it survives scaling: the strip is the lowest quarter of the picture, over
its full width: 3 rows of equal height, each of 20 cells of equal width. Cells are white (luma 235) or black (luma 16),
without colour.

    column   0      1      2 … 17                18     19
    row 0    white  black  bits 31 … 16 of n     black  white
    row 1    white  black  bits 15 … 0 of n      black  white
    row 2    white  black  check, bits 15 … 0    black  white

A set bit is white. The check is CRC-16/XMODEM (polynomial 0x1021, initial value 0, as `binascii.crc_hqx`) over the four
bytes of n, most significant first, exclusive-or 0x5A5A, so that a picture of one colour has no valid number.

To read: average the luma over the middle half of each cell (from a quarter to three quarters of its width and height);
in each row the threshold is the middle between the averages of columns 0 and 19 (white) and of 1 and 18 (black), which
have to be 40 apart; compare; verify the check. At 320x180 a cell is 16x15 pixels.
"""

import binascii

ROWS = 3
COLUMNS = 20
WHITE = 235
BLACK = 16
_LEAST_CONTRAST = 40
_WORD = 16
_MASK = 0xFFFF
_CHECK = 0x5A5A


def strip_top(height: int) -> int:
    """The first line of the strip in a picture of `height` lines."""
    return height - height // 4


def words_of(number: int) -> tuple[int, int, int]:
    """The three rows of `number` (0 … 2^32 - 1) as 16-bit words."""
    body = number.to_bytes(4, "big")
    return number >> _WORD, number & _MASK, binascii.crc_hqx(body, 0) ^ _CHECK


def cells_of(word: int) -> tuple[bool, ...]:
    """The 20 cells of one row, True for white."""
    bits = tuple(bool(word >> (_WORD - 1 - place) & 1) for place in range(_WORD))
    return (True, False, *bits, False, True)


def read_counter(
    luma: bytes | bytearray | memoryview, width: int, height: int, line_bytes: int | None = None
) -> int | None:
    """The frame number in a picture, None if there is none that can be trusted.

    `luma` is the Y plane, one byte a pixel, `line_bytes` (default `width`) bytes a line; of an array,
    pass `memoryview(array)`. Raises ValueError if it is smaller than the picture, or the picture smaller than 80x48.
    """
    plane = memoryview(luma).cast("B")
    stride = width if line_bytes is None else line_bytes
    if width < 80 or height < 48 or stride < width or len(plane) < stride * (height - 1) + width:
        raise ValueError(f"no picture of {width}x{height} in {len(plane)} bytes")
    words = [_word(plane, width, height, stride, row) for row in range(ROWS)]
    if words[0] is None or words[1] is None or words[2] is None:
        return None
    number = words[0] << _WORD | words[1]
    return number if words_of(number)[2] == words[2] else None


def _word(plane: memoryview, width: int, height: int, stride: int, row: int) -> int | None:
    levels = [_cell(plane, width, height, stride, row, column) for column in range(COLUMNS)]
    white = (levels[0] + levels[-1]) / 2
    black = (levels[1] + levels[-2]) / 2
    if white - black < _LEAST_CONTRAST:
        return None
    threshold = (white + black) / 2
    word = 0
    for level in levels[2:-2]:
        word = word << 1 | (level > threshold)
    return word


def _cell(plane: memoryview, width: int, height: int, stride: int, row: int, column: int) -> float:
    """The mean luma of the middle of one cell, 0 … 255."""
    top = strip_top(height)
    cell_height = (height - top) / ROWS
    cell_width = width / COLUMNS
    left, right = int((column + 0.25) * cell_width), int((column + 0.75) * cell_width)
    first, last = int(top + (row + 0.25) * cell_height), int(top + (row + 0.75) * cell_height)
    total = sum(sum(plane[line * stride + left : line * stride + right]) for line in range(first, last))
    return total / ((right - left) * (last - first))
