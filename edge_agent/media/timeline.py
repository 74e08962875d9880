"""Time stamps of a source, made fit to send: from 0 on, without steps back and without leaps. Pure."""

_LEAP_S = 2.0
_LEAST_S = 0.001


class Timeline:
    """Follows the source's own time; where that steps back, leaps or is missing, the time of arrival."""

    def __init__(self, rate_hz: int) -> None:
        """Count in `rate_hz` ticks a second."""
        self._rate_hz = rate_hz
        self._offset_s: float | None = None
        self._last_s = 0.0
        self._last_ticks = 0
        self._last_arrival_s = 0.0

    def ticks(self, source_s: float | None, arrival_s: float) -> int:
        """The tick of what the source stamped `source_s` (None: not at all), and that came at `arrival_s`."""
        stamp_s = arrival_s if source_s is None else source_s
        if self._offset_s is None:
            self._offset_s = stamp_s
            self._last_arrival_s = arrival_s
            return 0
        at_s = stamp_s - self._offset_s
        if not self._last_s < at_s < self._last_s + _LEAP_S:
            at_s = self._last_s + max(_LEAST_S, arrival_s - self._last_arrival_s)
            self._offset_s = stamp_s - at_s
        self._last_s = at_s
        self._last_arrival_s = arrival_s
        self._last_ticks = max(self._last_ticks + 1, round(at_s * self._rate_hz))
        return self._last_ticks
