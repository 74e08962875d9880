"""What was observed of a stream over a whole check, gathered as numbers."""

from collections.abc import Sequence
from statistics import median

import msgspec

from fleet.readiness.limits import Limits
from fleet.readiness.picture import PictureMeasure
from fleet.readiness.sound import SoundMeasure
from protocols.api.checks import StreamFigures

_MAX_SAMPLES = 36_000
"""An hour of pictures, ten a second: longer than any check."""


class Observed:
    """Everything a certificate is judged by. Times are seconds of one monotonic clock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._fps: list[float] = []
        self._loss_percent: list[float] = []
        self._rtt_ms: list[float] = []
        self._focus: list[float] = []
        self._black = 0
        self._clipped = 0
        self._first_s: float | None = None
        self._still_since_s = 0.0
        self._longest_still_s = 0.0
        self._watched_s = 0.0
        self._latest = StreamFigures()
        self.pictures = 0
        self.sounds = 0
        self.loudest_dbfs: float | None = None
        self.lowest_supply_mv: int | None = None
        self.has_reported = False

    def figures(self, figures: StreamFigures) -> None:
        """The figures of the stream, once a second."""
        _keep(self._fps, figures.fps)
        _keep(self._loss_percent, figures.loss_percent)
        _keep(self._rtt_ms, figures.rtt_ms)

    def picture(self, measure: PictureMeasure, now_s: float) -> None:
        """A picture was measured at `now_s`."""
        black = measure.mean <= self._limits.black_mean and measure.spread <= self._limits.black_spread
        self.pictures += 1
        self._black += black
        _keep(self._focus, measure.focus)
        if self._first_s is None:
            self._first_s = self._still_since_s = now_s
        if measure.change is None or measure.change > self._limits.still_change:
            self._still_since_s = now_s
        still_s = now_s - self._still_since_s
        self._longest_still_s = max(self._longest_still_s, still_s)
        self._watched_s = now_s - self._first_s
        self._latest = msgspec.structs.replace(
            self._latest,
            focus=None if measure.focus is None else round(measure.focus, 3),
            is_black=black,
            is_frozen=still_s > self._limits.frozen_s,
        )

    def sound(self, measure: SoundMeasure) -> None:
        """A stretch of sound was measured."""
        clipping = measure.clipped > self._limits.clipped_share
        self.sounds += 1
        self._clipped += clipping
        self.loudest_dbfs = max(self.loudest_dbfs or measure.level_dbfs, measure.level_dbfs)
        self._latest = msgspec.structs.replace(
            self._latest,
            level_dbfs=round(measure.level_dbfs, 1),
            peak_dbfs=round(measure.peak_dbfs, 1),
            is_silent=measure.level_dbfs <= self._limits.silence_dbfs,
            is_clipping=clipping,
        )

    def supply(self, supply_mv: int | None) -> None:
        """The supply voltage that a health report gave while the check was open; None: it gave none."""
        self.has_reported = True
        if supply_mv is not None:
            lowest = self.lowest_supply_mv
            self.lowest_supply_mv = supply_mv if lowest is None else min(lowest, supply_mv)

    def added_to(self, figures: StreamFigures) -> StreamFigures:
        """`figures` with what picture and sound were like lately."""
        latest = self._latest
        return msgspec.structs.replace(
            figures,
            focus=latest.focus,
            is_black=latest.is_black,
            is_frozen=latest.is_frozen,
            level_dbfs=latest.level_dbfs,
            peak_dbfs=latest.peak_dbfs,
            is_silent=latest.is_silent,
            is_clipping=latest.is_clipping,
        )

    @property
    def black_share(self) -> float | None:
        """Share of the pictures that were black, 0 … 1."""
        return self._black / self.pictures if self.pictures else None

    @property
    def clipped_share(self) -> float | None:
        """Share of the stretches of sound that clipped, 0 … 1."""
        return self._clipped / self.sounds if self.sounds else None

    @property
    def still_s(self) -> float | None:
        """The longest time without a change; None when all that was seen is too short to tell."""
        return self._longest_still_s if self._watched_s > self._limits.frozen_s else None

    @property
    def median_fps(self) -> float | None:
        """Pictures a second, the middle value."""
        return _middle(self._fps)

    @property
    def median_loss_percent(self) -> float | None:
        """Lost packets, the middle value."""
        return _middle(self._loss_percent)

    @property
    def median_rtt_ms(self) -> float | None:
        """Round trip, the middle value."""
        return _middle(self._rtt_ms)

    @property
    def median_focus(self) -> float | None:
        """Focus, the middle value."""
        return _middle(self._focus)


def _keep(values: list[float], value: float | None) -> None:
    if value is not None and len(values) < _MAX_SAMPLES:
        values.append(value)


def _middle(values: Sequence[float]) -> float | None:
    return median(values) if values else None
