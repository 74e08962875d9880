"""Raising an alarm for each stage of a deployment's deadlines, and closing those of what was done in time."""

from fleet.alarms.raising import raise_alarm
from fleet.alarms.taking import put_right
from fleet.clock import Clock
from fleet.deployments.deadline_alarm_rules import RULE, wanted
from fleet.deployments.facts_reading import outlined_deployments
from fleet.deployments.rules.deadlines import deadlines
from fleet.rounds import go_round
from fleet.store.store import Store
from protocols.deployments import Deadline

_EVERY_S = 60.0
_AT_ONCE = 100
"""Of how many deployments the facts are read in one transaction."""


class DeadlineWatch:
    """Looks once a minute; several controllers tell each thing once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        await go_round("deployments' deadlines", self.look, _EVERY_S)

    async def look(self) -> int:
        """Raise and close what is to be; returns how many alarms that were."""
        due = await self._due()
        async with self._store.transaction() as transaction:
            there = await transaction.deadlines.open(RULE)
        open_now: dict[str, set[tuple[str, str]]] = {}
        for one in there:
            open_now.setdefault(one.deployment_id, set()).add((one.subject, one.kind))
        done = 0
        for deployment_id in sorted(due.keys() | open_now.keys()):
            found, known = due.get(deployment_id, []), open_now.get(deployment_id, set())
            if wanted(found, known).keys() != known:
                done += await self._settle(deployment_id, found)
        return done

    async def _due(self) -> dict[str, list[Deadline]]:
        """The deadlines of every open deployment."""
        due: dict[str, list[Deadline]] = {}
        after = ""
        while True:
            async with self._store.transaction() as transaction:
                stored = await transaction.deployments.open_after(after, _AT_ONCE)
                known = await outlined_deployments(transaction, stored, self._clock())
            due |= {one.stored.deployment_id: deadlines(one.facts) for one in known}
            if len(stored) < _AT_ONCE:
                return due
            after = stored[-1].deployment_id

    async def _settle(self, deployment_id: str, due: list[Deadline]) -> int:
        """Let exactly those alarms be open that `due` asks for."""
        now, done = self._clock(), 0
        async with self._store.transaction() as transaction:
            await transaction.deadlines.lock(deployment_id)
            there = {(one.subject, one.kind) for one in await transaction.deadlines.open(RULE, deployment_id)}
            to_be = wanted(due, there)
            for subject, kind in sorted(there - to_be.keys()):
                await put_right(transaction, "deployment", subject, kind, now)
                done += 1
            for key in sorted(to_be.keys() - there):
                await raise_alarm(transaction, to_be[key], now)
                done += 1
        return done
