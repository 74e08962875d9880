"""Welfare timers for those who are out, and for those who see after them."""

from datetime import timedelta

from fleet.clock import Clock
from fleet.errors import Conflict, Forbidden, NotFound, RequestRefused
from fleet.settings import WelfareSettings
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from fleet.store.welfare import StoredWelfare
from fleet.welfare.keeping import answer, begin, end, new_welfare_id
from fleet.welfare.rules import first_due, view
from protocols.api.welfare import ENDED_SHOWN_DAYS, EndingWelfare, NewWelfare, WelfareView
from protocols.people import may

_MAX_SHOWN = 200


class WelfareDesk:
    """Every method raises StoreUnavailable; those that change something NotFound, Conflict, Forbidden or
    RequestRefused."""

    def __init__(self, store: Store, clock: Clock, limits: WelfareSettings) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits

    async def timers(self, person_id: str, caller: Person, *, ended: bool) -> list[WelfareView]:
        """Those of `person_id` (empty: all that the caller may see); `ended`: those of the last days too. Raises
        Forbidden."""
        now = self._clock()
        since = now - timedelta(days=ENDED_SHOWN_DAYS) if ended else now + timedelta(days=1)
        whose = person_id or (None if sees_others(caller) else caller.person_id)
        if whose not in (None, caller.person_id) and not sees_others(caller):
            raise Forbidden(caller.role, "manage-deployments")
        async with self._store.transaction() as transaction:
            found = await transaction.welfare.newest(whose, since, _MAX_SHOWN)
        return [view(one, now) for one in found]

    async def start(self, asked: NewWelfare, caller: Person) -> WelfareView:
        """Let the caller's timer run."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await transaction.rota_people.lock_person(caller.person_id)
            there = await transaction.welfare.running_of(caller.person_id)
            if there is not None:
                raise Conflict(
                    "welfare-runs",
                    f"your welfare timer {there.welfare_id} runs already",
                    "answer it, or end it first",
                )
            every_min = asked.every_min or self._limits.every_min
            new = StoredWelfare(
                welfare_id=new_welfare_id(),
                person_id=caller.person_id,
                call_out_id=None,
                visit_id=asked.visit,
                deployment_id=await _deployment_of(transaction, asked.visit, caller),
                every_min=every_min,
                grace_min=self._limits.grace_min,
                started_by=caller.person_id,
                started_at=now,
                due_at=first_due(now, every_min),
            )
            await begin(transaction, new)
        return view(new, now)

    async def answer(self, welfare_id: str, caller: Person) -> WelfareView:
        """All is well, says whose timer it is."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            timer = await _running(transaction, welfare_id)
            if timer.person_id != caller.person_id:
                raise Forbidden(
                    caller.role,
                    "serve-rota",
                    f"only {timer.person_id} answers for {timer.person_id}",
                    "reach them; if it is not needed any more, end the timer and say why",
                )
            going_on = await answer(transaction, timer, "said", now)
        return view(going_on, now)

    async def end(self, welfare_id: str, asked: EndingWelfare, caller: Person) -> WelfareView:
        """It is not needed any more."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            timer = await _running(transaction, welfare_id)
            mine = timer.person_id == caller.person_id
            if mine and timer.call_out_id is not None:
                raise Conflict(
                    "welfare-of-call-out",
                    f"it ends with call-out {timer.call_out_id}",
                    "say when you were back: fleet oncall back",
                )
            if not mine:
                _check_ends_others(asked, caller)
            ended = await end(transaction, timer, caller.person_id, now, "self" if mine else "supervisor", asked.reason)
        return view(ended, now)


def sees_others(caller: Person) -> bool:
    """Whether somebody sees others' timers."""
    return may(caller.role, "see-working-time") or may(caller.role, "manage-deployments")


def _check_ends_others(asked: EndingWelfare, caller: Person) -> None:
    if not may(caller.role, "manage-deployments"):
        raise Forbidden(caller.role, "manage-deployments")
    if not asked.reason.strip():
        raise RequestRefused(
            "reason-missing", "another's timer ends with a reason", "say how you know that all is well"
        )


async def _deployment_of(transaction: Transaction, visit_id: str | None, caller: Person) -> str | None:
    if visit_id is None:
        return None
    found = await transaction.welfare.deployment_of_visit(visit_id, caller.person_id)
    if found is None:
        raise NotFound("visit-unknown", f"you are of no visit {visit_id}", "name a visit that you are of, or none")
    return found


async def _running(transaction: Transaction, welfare_id: str) -> StoredWelfare:
    """The timer, locked; raises NotFound, or Conflict where it has ended."""
    found = await transaction.welfare.one(welfare_id)
    if found is not None:
        await transaction.rota_people.lock_person(found.person_id)
        found = await transaction.welfare.locked(welfare_id)
    if found is None:
        raise NotFound("welfare-unknown", f"there is no welfare timer {welfare_id}", "list them: fleet welfare list")
    if found.ended_at is not None:
        raise Conflict(
            "welfare-ended",
            f"welfare timer {welfare_id} has ended ({found.ended_how}, by {found.ended_by})",
            "start another if somebody is still out",
        )
    return found
