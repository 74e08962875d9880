"""Measures of one decoded picture's luma plane: is it black, has it changed, is it in focus."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Luma = np.ndarray[Any, np.dtype[np.uint8]]
"""Height × width, 0 … 255; of cameras 16 is black and 235 white."""

MAX_SIDE = 8192
_SMALL_SIDE = 160
_FLAT_VARIANCE = 4.0
_FOCUS_HALF = 0.02
_MIN_SIDE = 8


@dataclass(frozen=True, slots=True)
class PictureMeasure:
    """mean and spread (standard deviation) of the luma, 0 … 255; focus as in `focus_score`; change: mean difference to
    the picture measured before, 0 … 255, None for the first one and after a change of size."""

    mean: float
    spread: float
    focus: float | None
    change: float | None


def reduced(luma: Luma) -> Luma:
    """The plane with at most 160 rows and columns, each value one of the plane's: enough for brightness and change."""
    height, width = luma.shape
    return luma[:: -(-height // _SMALL_SIDE), :: -(-width // _SMALL_SIDE)].copy()


def brightness(luma: Luma) -> tuple[float, float]:
    """Mean and standard deviation, each 0 … 255; an empty plane is black."""
    if not luma.size:
        return 0.0, 0.0
    return float(luma.mean()), float(luma.std())


def change(before: Luma, after: Luma) -> float | None:
    """Mean absolute difference, 0 … 255; None for planes of different sizes and empty ones."""
    if before.shape != after.shape or not before.size:
        return None
    return float(np.abs(before.astype(np.int16) - after.astype(np.int16)).mean())


def focus_score(luma: Luma) -> float | None:
    """How sharp a picture is, 0 … 1; None for a plane that is too small or too even to tell.

    The variance of the Laplacian (4 neighbours) divided by the variance of the luma is `r`; the score r / (r + 0.02),
    so r = 0.02 gives 0.5. Contrast and brightness do not count, blur lowers it. Noise looks like detail: a dark picture
    of a noisy camera scores high. The score tells one camera at one place from before; it ranks no two scenes.
    """
    if min(luma.shape) < _MIN_SIDE:
        return None
    plane = luma.astype(np.float32)
    variance = float(plane.var())
    if variance < _FLAT_VARIANCE:
        return None
    middle = plane[1:-1, 1:-1]
    laplacian = plane[:-2, 1:-1] + plane[2:, 1:-1] + plane[1:-1, :-2] + plane[1:-1, 2:] - 4 * middle
    ratio = float(laplacian.var()) / variance
    return ratio / (ratio + _FOCUS_HALF)


class PictureMeter:
    """Measures pictures of one stream, each against the one before, which is kept small and in memory only."""

    def __init__(self) -> None:
        self._before: Luma | None = None

    def measure(self, luma: Luma) -> PictureMeasure:
        """The measures of the next picture."""
        small = reduced(luma)
        before, self._before = self._before, small
        mean, spread = brightness(small)
        changed = None if before is None else change(before, small)
        return PictureMeasure(mean, spread, focus_score(luma), changed)
