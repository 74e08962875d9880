"""Time that goes where it is sent, for the controller and for each unit."""

from datetime import UTC, datetime, timedelta

from edge_agent.renewal.plan import KnownTime

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)


class WorldClock:
    """The true time."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    @property
    def ms(self) -> int:
        """Unix milliseconds."""
        return round(self.now.timestamp() * 1000)

    def day(self, number: float) -> datetime:
        """The beginning of day `number`, counted from 0."""
        return BEGIN + timedelta(days=number)


class UnitClock:
    """A unit's clocks. With `is_set` False the wall clock stands where a machine without battery begins, in 1970, until
    the controller has been heard (`hears_controller`)."""

    def __init__(self, world: WorldClock) -> None:
        self._world = world
        self._booted_ms = world.ms
        self.is_set = True
        self.hears_controller = False

    def boot(self, *, is_set: bool) -> None:
        """Begin counting anew."""
        self._booted_ms = self._world.ms
        self.is_set = is_set
        self.hears_controller = False

    def wall_ms(self) -> int:
        """See edge_agent.clock.Clock."""
        return self._world.ms if self.is_set else self.mono_ms()

    def mono_ms(self) -> int:
        """See edge_agent.clock.Clock."""
        return self._world.ms - self._booted_ms

    def known_time(self) -> KnownTime:
        """What the unit knows: all of it, or nothing."""
        knows = self.is_set or self.hears_controller
        return KnownTime(self._world.ms, sure=True) if knows else KnownTime(None, sure=False)
