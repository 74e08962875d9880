"""The moving test picture, as planes of YUV 4:2:0, out of whole lines: no array library, a few microseconds a picture.

From top to bottom: colour bars (or the texture of a canary) with a dark bar that crosses them once in four seconds, the
frame number in digits, and the strip of `counter`.
"""

import random
from typing import NamedTuple

from edge_agent.media.synthetic.counter import BLACK, WHITE, cells_of, strip_top, words_of
from edge_agent.media.synthetic.digits import digit_lines

BAR_COLOURS = (
    (180, 128, 128),
    (162, 44, 142),
    (131, 156, 44),
    (112, 72, 58),
    (84, 184, 198),
    (65, 100, 212),
    (35, 212, 114),
)
"""White, yellow, cyan, green, magenta, red and blue at 75 %, as Y, U, V (BT.601, narrow range)."""

CANARY_BLOCK = 16
_GREY = 128
_GRAIN_BYTES = 100_003
_GRAIN_STEP = 7_919
_DIGIT_PLACES = 8
_CROSSING_S = 4.0
_DIGITS_FROM, _DIGITS_TO = 0.5, 0.7


class Planes(NamedTuple):
    """One picture: Y of width*height bytes, U and V of a quarter of that each."""

    y: bytes
    u: bytes
    v: bytes


def canary_levels(seed: int, columns: int, rows: int) -> list[bytes]:
    """The luma of each block of a canary's texture, row by row: the same for the same seed, and found nowhere else."""
    chance = random.Random(seed)  # noqa: S311 - a texture to be found again, not a secret
    return [bytes(chance.choice((24, 72, 120, 168, 216)) for _ in range(columns)) for _ in range(rows)]


class TestPicture:
    """Draws the picture of a size; both sides even, at least 160x96."""

    __test__ = False

    def __init__(
        self, width: int, height: int, fps: float, canary_seed: int | None = None, *, grain: bool = False
    ) -> None:
        """`fps` sets the speed of the bar only; `grain` draws noise in place of the bars.

        Raises ValueError for a size that can not be drawn.
        """
        if width % 2 or height % 2 or width < 160 or height < 96:
            raise ValueError(f"{width}x{height}: both sides must be even, and 160x96 is the least")
        self.width = width
        self.height = height
        self._fps = fps
        self._digits_from = int(height * _DIGITS_FROM) & ~1
        self._digits_to = int(height * _DIGITS_TO) & ~1
        self._strip = strip_top(height)
        self._grain = random.Random(1).randbytes(_GRAIN_BYTES + width * height) if grain else b""  # noqa: S311 - noise
        self._ground = self._bar_lines() if canary_seed is None else self._canary_lines(canary_seed)
        self._u, self._v = (self._chroma(plane, canary_seed is None) for plane in (1, 2))

    def draw(self, number: int) -> Planes:
        """The picture number `number`, 0 … 2^32 - 1."""
        parts = [self._with_bar(line, number) * lines for line, lines in self._ground]
        if self._grain:
            parts = [self._noise(number)]
        parts += [line * lines for line, lines in self._digits(number)]
        parts.append(bytes([40]) * self.width * (self._strip - self._digits_to))
        parts += self._counter(number)
        return Planes(b"".join(parts), self._u, self._v)

    def black(self) -> Planes:
        """A picture of nothing."""
        grey = bytes([_GREY]) * (self.width * self.height // 4)
        return Planes(bytes([BLACK]) * (self.width * self.height), grey, grey)

    def _bar_lines(self) -> list[tuple[bytes, int]]:
        return [(_spread([bar[0] for bar in BAR_COLOURS], self.width), self._digits_from)]

    def _canary_lines(self, seed: int) -> list[tuple[bytes, int]]:
        columns, rows = -(-self.width // CANARY_BLOCK), -(-self._digits_from // CANARY_BLOCK)
        runs = []
        for row, levels in enumerate(canary_levels(seed, columns, rows)):
            line = b"".join(bytes([level]) * CANARY_BLOCK for level in levels)[: self.width]
            runs.append((line, min(CANARY_BLOCK, self._digits_from - row * CANARY_BLOCK)))
        return runs

    def _chroma(self, plane: int, coloured: bool) -> bytes:
        width, bars = self.width // 2, self._digits_from // 2
        grey = bytes([_GREY]) * width
        top = _spread([bar[plane] for bar in BAR_COLOURS], width) if coloured else grey
        return top * bars + grey * (self.height // 2 - bars)

    def _with_bar(self, line: bytes, number: int) -> bytes:
        wide = max(8, self.width // 20)
        left = int(number / self._fps / _CROSSING_S % 1 * (self.width - wide))
        return line[:left] + bytes([BLACK]) * wide + line[left + wide :]

    def _noise(self, number: int) -> bytes:
        first = number * _GRAIN_STEP % _GRAIN_BYTES
        return self._grain[first : first + self.width * self._digits_from]

    def _digits(self, number: int) -> list[tuple[bytes, int]]:
        margin = max(2, self.height // 60)
        blank = bytes([40]) * self.width
        height = self._digits_to - self._digits_from - 2 * margin
        return [
            (blank, margin),
            *digit_lines(number, _DIGIT_PLACES, self.width, height, WHITE, 40),
            (blank, margin),
        ]

    def _counter(self, number: int) -> list[bytes]:
        height = self.height - self._strip
        edges = [round(row * height / 3) for row in range(4)]
        lines = [
            _spread([WHITE if cell else BLACK for cell in cells_of(word)], self.width) for word in words_of(number)
        ]
        return [line * (edges[row + 1] - edges[row]) for row, line in enumerate(lines)]


def _spread(values: list[int], width: int) -> bytes:
    """`values` side by side, each as wide as the others, over `width` pixels."""
    edges = [round(place * width / len(values)) for place in range(len(values) + 1)]
    return b"".join(bytes([value]) * (edges[place + 1] - edges[place]) for place, value in enumerate(values))
