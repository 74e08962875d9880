"""What a stream's packets say about it: rate, pictures a second, time between key frames. Pure."""

from collections import deque

_SETTLED_PICTURES = 5
_GROUPS = 3


class Rhythm:
    """Follows a camera's packets as they arrive. Read from another thread: each figure is one assignment."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.total_bytes = 0
        self.pictures = 0
        self.fps = 0.0
        self.gop_s = 0.0
        self.last_arrival_s: float | None = None
        self._interval_s = 0.0
        self._groups_s: deque[float] = deque([0.0], maxlen=_GROUPS)
        self._key_at_s: float | None = None

    def add(self, size: int, arrival_s: float, *, key: bool) -> None:
        """A picture of `size` bytes. `fps` is known after the fifth; `gop_s` is the longest of the last groups, the
        present one included, and counts from the first picture where none was a key picture yet."""
        self.total_bytes += size
        self.pictures += 1
        if self.last_arrival_s is not None:
            step_s = max(0.001, arrival_s - self.last_arrival_s)
            self._interval_s = step_s if not self._interval_s else 0.9 * self._interval_s + 0.1 * step_s
            if self.pictures > _SETTLED_PICTURES:
                self.fps = 1 / self._interval_s
        self.last_arrival_s = arrival_s
        if self._key_at_s is None:
            self._key_at_s = arrival_s
        self.gop_s = max(*self._groups_s, arrival_s - self._key_at_s, 0.0)
        if key:
            self._groups_s.append(arrival_s - self._key_at_s)
            self._key_at_s = arrival_s
