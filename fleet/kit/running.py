"""Looking after kit: units' running hours from their reports, and models that run low."""

from fleet.alarms.raising import NewAlarm, clear_alarm, raise_alarm
from fleet.clock import Clock
from fleet.kit.rules.running import Running, begun, step
from fleet.rounds import go_round
from fleet.store.kit_models import StoredModel
from fleet.store.kit_upkeep import ToldUptime
from fleet.store.store import Store, Transaction

LOW = "stock-low"
"""The kind of the alarm that a model runs low; it is about the model, and pages nobody."""
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
        """Add up what units have told since, and tell once of each model that runs low, until it does not any more;
        returns of how many units something was added."""
        async with self._store.transaction() as transaction:
            if not await transaction.kit.upkeep.lock_watch():
                return 0
            told = await transaction.kit.upkeep.untold_uptimes()
            for one in told:
                now = _after(one)
                await transaction.kit.upkeep.set_running(one.unit_id, now.uptime_s, now.sampled_at, now.total_s)
            await self._tell_of_stock(transaction)
        return len(told)

    async def _tell_of_stock(self, transaction: Transaction) -> None:
        now = self._clock()
        low = {one.model.model: one for one in await transaction.kit.low_models()}
        told = await transaction.kit.models.told_low()
        for model in sorted(low.keys() - told):
            await raise_alarm(transaction, _low(low[model]), now)
        for model in sorted(told - low.keys()):
            await clear_alarm(transaction, "controller", model, LOW, now)


def _after(told: ToldUptime) -> Running:
    """A unit's running hours with its latest report."""
    if told.uptime_s is None or told.sampled_at is None or told.total_s is None:
        return begun(told.told_uptime_s, told.last_sampled_at)
    before = Running(uptime_s=told.uptime_s, sampled_at=told.sampled_at, total_s=told.total_s)
    return step(before, told.told_uptime_s, told.last_sampled_at)


def _low(model: StoredModel) -> NewAlarm:
    named = f"{model.model.name} ({model.model.model})"
    return NewAlarm(
        subject_kind="controller",
        subject=model.model.model,
        kind=LOW,
        severity="warning",
        summary=f"{model.available} of {named} are left; it is low from {model.model.low_at} on",
        rule="kit",
        pages=False,
    )
