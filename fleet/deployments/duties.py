"""What waits for somebody of deployments, and of those who are out."""

from collections.abc import Sequence
from datetime import UTC, datetime

from fleet.clock import Clock
from fleet.deployments.duty_rules import (
    authority_wanted,
    deadline_duty,
    is_told,
    told_with_deployments,
    visits_soon,
    welfare_duty,
)
from fleet.deployments.facts_reading import outlined_deployments
from fleet.deployments.rules.deadlines import deadlines
from fleet.deployments.rules.facts import Facts
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.duties import Duty
from protocols.people import may

_MAX_OPEN = 500
_MAX_TIMERS = 200


class DeploymentDuties:
    """Duties of deployments that are not over. Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, person: Person, told: Sequence[Duty]) -> list[Duty]:
        """What waits for this person, and `told`, the duties of authorities and mandates, with the deployments that
        rest on them: what these tell of a deadline is not told twice."""
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        async with self._store.transaction() as transaction:
            resting = await transaction.deadlines.resting_on({duty.about for duty in told})
            found = told_with_deployments(told, resting)
            if may(person.role, "see-deployments"):
                for facts in await _open(transaction, now):
                    found += _of_one(facts, person, told)
            if may(person.role, "serve-rota"):
                timers = await transaction.welfare.due(now, _MAX_TIMERS)
                found += [one for timer in timers if (one := welfare_duty(timer, person, now)) is not None]
        return found


async def _open(transaction: Transaction, now: datetime) -> list[Facts]:
    stored = await transaction.deployments.find(words="", kind="", open_only=True, person_id="", limit=_MAX_OPEN)
    return [one.facts for one in await outlined_deployments(transaction, stored, now)]


def _of_one(facts: Facts, person: Person, told: Sequence[Duty]) -> list[Duty]:
    due = [one for one in deadlines(facts) if not is_told(one, told)]
    found = [deadline_duty(one, person) for one in due]
    found += [authority_wanted(facts, person), *visits_soon(facts, person.person_id)]
    return [one for one in found if one is not None]
