"""The clock that a controller is given while a week is played; nobody's machine is told another time."""

from datetime import datetime


class SteppedClock:
    """Stands still until it is put on; a `fleet.clock.Clock`."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def __call__(self) -> datetime:
        """What it shows."""
        return self._now

    def go_to(self, at: datetime) -> None:
        """Put it on to `at`; it never goes back."""
        self._now = max(self._now, at)
