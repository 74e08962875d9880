"""The controller's time as the console reckons it, so that ages do not depend on the laptop's clock."""

from datetime import UTC, datetime, timedelta
from time import monotonic


class ServerClock:
    """Runs on the monotonic clock from the last time the controller told. `utc` is how the person wants times shown."""

    def __init__(self) -> None:
        self.utc = False
        self._told_at = monotonic()
        self._told = datetime.now(UTC)

    def set(self, server_time: datetime) -> None:
        """The controller said that it is `server_time` now."""
        self._told_at = monotonic()
        self._told = server_time

    def now(self) -> datetime:
        """What the controller's clock should show."""
        return self._told + timedelta(seconds=monotonic() - self._told_at)
