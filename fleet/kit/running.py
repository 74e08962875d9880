"""Looking after kit: units' running hours from their reports, and models that run low."""

from fleet.clock import Clock
from fleet.kit.rules.running import Running, begun, step
from fleet.rounds import go_round
from fleet.store.kit_upkeep import ToldUptime
from fleet.store.store import Store

_EVERY_S = 60.0


class KitWatch:
    """Looks once a minute; of several controllers one at a time does."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        await go_round("kit", self.look, _EVERY_S)

    async def look(self) -> int:
        """Add up what units have told since; returns of how many."""
        async with self._store.transaction() as transaction:
            if not await transaction.kit.upkeep.lock_watch():
                return 0
            told = await transaction.kit.upkeep.untold_uptimes()
            for one in told:
                now = _after(one)
                await transaction.kit.upkeep.set_running(one.unit_id, now.uptime_s, now.sampled_at, now.total_s)
        return len(told)


def _after(told: ToldUptime) -> Running:
    """A unit's running hours with its latest report."""
    if told.uptime_s is None or told.sampled_at is None or told.total_s is None:
        return begun(told.told_uptime_s, told.last_sampled_at)
    before = Running(uptime_s=told.uptime_s, sampled_at=told.sampled_at, total_s=told.total_s)
    return step(before, told.told_uptime_s, told.last_sampled_at)
