"""When a terminal's next picture is due, and of which quality, so that it stays inside a line's kbit/s. Pure."""

MIN_QUALITY = 15
MAX_QUALITY = 75
_STEP_DOWN = 10
_STEP_UP = 5
_ROOM = 0.7
"""Below this share of what a picture may take, the next one may be better."""


class Thrift:
    """Spends at most `kbit_s` (None: no limit) on at most `frames_per_s` JPEG pictures a second.

    Quality falls first, then the rate. Over any time, what is spent is at most the budget of that time and one picture.
    Times are seconds of one monotonic clock.
    """

    def __init__(self, frames_per_s: float, kbit_s: float | None) -> None:
        self.quality = MAX_QUALITY if kbit_s is None else (MIN_QUALITY + MAX_QUALITY) // 2
        self.kbit_s = kbit_s
        self._period_s = 1 / frames_per_s
        self._due_s: float | None = None

    def is_due(self, now_s: float) -> bool:
        """Whether the next picture may be made now."""
        return self._due_s is None or now_s >= self._due_s

    def spent(self, byte_count: int, now_s: float) -> None:
        """A picture of `byte_count` bytes was made at `now_s`."""
        wait_s = self._period_s
        if self.kbit_s is not None:
            cost_s = byte_count * 8 / (self.kbit_s * 1000)
            if cost_s > self._period_s:
                self.quality = max(MIN_QUALITY, self.quality - _STEP_DOWN)
            elif cost_s < self._period_s * _ROOM:
                self.quality = min(MAX_QUALITY, self.quality + _STEP_UP)
            wait_s = max(wait_s, cost_s)
        self._due_s = now_s + wait_s
