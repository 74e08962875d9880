"""Measures of a stretch of sound: how loud it is, and how much of it is cut off."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Samples = np.ndarray[Any, np.dtype[np.int16]]
"""Of one or more channels, in any shape."""

FLOOR_DBFS = -96.0
"""Less is not told apart: a step of 16 bits."""
_FULL_SCALE = 32768.0
_CLIPPED_AT = 32_440
"""99 % of full scale: an encoder seldom gives full scale back."""


@dataclass(frozen=True, slots=True)
class SoundMeasure:
    """level_dbfs (RMS) and peak_dbfs, relative to full scale, -96 … 0; clipped: share of samples at full scale."""

    level_dbfs: float
    peak_dbfs: float
    clipped: float


def measure_sound(samples: Samples) -> SoundMeasure:
    """The measures of `samples`; none at all are silence. A square wave at full scale has the level 0."""
    if not samples.size:
        return SoundMeasure(FLOOR_DBFS, FLOOR_DBFS, 0.0)
    sizes = np.abs(samples.astype(np.int32))
    rms = math.sqrt(float(np.square(sizes.astype(np.float64)).mean()))
    clipped = float(np.count_nonzero(sizes >= _CLIPPED_AT)) / sizes.size
    return SoundMeasure(_dbfs(rms), _dbfs(float(sizes.max())), clipped)


def _dbfs(value: float) -> float:
    if value <= 0:
        return FLOOR_DBFS
    return min(0.0, max(FLOOR_DBFS, 20 * math.log10(value / _FULL_SCALE)))
