"""Plans of a rota's turns, by hand and by a solver: making, publishing and discarding them; each change with its entry
in one transaction."""

from datetime import datetime

from msgspec import structs

from fleet.clock import Clock
from fleet.entries.rotas import PlanDiscarded, PlanMade, SolveAsked, SolveStopped
from fleet.errors import Conflict, NotFound
from fleet.rota import plan_rules
from fleet.rota.books import book_of, known_rota, locked_rota, period_of
from fleet.rota.judging import Judging
from fleet.rota.publishing import publish
from fleet.rota.rules.spans import Span
from fleet.rota.solving import SolveJob, Solvers, begun, fail_silent
from fleet.store.people import Person
from fleet.store.rota_plans import NewPlanRow
from fleet.store.rotas import StoredRota
from fleet.store.store import Store, Transaction
from protocols.api.rotas import NewPlan, NewSolve, PlanView
from protocols.ids import new_plan_id
from protocols.people import may
from protocols.rota.book import RotaBook
from protocols.rota.model import Assigned
from protocols.rota.solving import SolveLimits

MAX_OPEN_PLANS = 20
_LISTED = 50


class PlanDesk:
    """Every method raises StoreUnavailable; those about one rota or plan NotFound; those that change something Conflict
    or RequestRefused."""

    def __init__(self, store: Store, clock: Clock, judging: Judging, solvers: Solvers) -> None:
        self._store = store
        self._clock = clock
        self._judging = judging
        self._solvers = solvers

    async def newest(self, rota_id: str, reader: Person) -> list[PlanView]:
        """A rota's newest plans, without turns and loads."""
        async with self._store.transaction() as transaction:
            await known_rota(transaction, rota_id)
            await fail_silent(transaction, self._clock())
            found = await transaction.rota_plans.newest(rota_id, _LISTED)
        return [_for_list(_for_eyes(one, reader)) for one in found]

    async def one(self, plan_id: str, reader: Person) -> PlanView:
        """One plan."""
        async with self._store.transaction() as transaction:
            await fail_silent(transaction, self._clock())
            return _for_eyes(_known(await transaction.rota_plans.one(plan_id), plan_id), reader)

    async def draft(self, rota_id: str, new: NewPlan, actor: Person) -> PlanView:
        """Keep turns given by hand as a plan; what they would bring is worked out."""
        plan_id = new_plan_id()
        period = _plan_period(new.starts_at, new.ends_at, self._clock())
        async with self._store.transaction() as transaction:
            stored = await _with_room(transaction, rota_id)
            now = self._clock()
            if new.based_on != stored.version:
                raise Conflict(
                    "rota-changed",
                    f"version {stored.version} of {rota_id} is in force, and not {new.based_on}",
                    "look at the rota, and plan for that version",
                )
            given = plan_rules.check_turns(stored.rota, period, new.assigned)
            book = await book_of(transaction, rota_id, *period, now)
            _check_not_begun(book, given, now)
            after = plan_rules.with_turns(book, plan_rules.to_give(stored.rota, book, given, now))
            found = await self._judging.assess(after)
            row = NewPlanRow(
                plan_id=plan_id,
                rota_id=rota_id,
                starts_at=period.starts_at,
                ends_at=period.ends_at,
                based_on=stored.version,
                state="draft",
                made_by=actor.person_id,
                made_at=now,
                assigned=given,
                counts=plan_rules.counts(found),
                quality=found.quality,
            )
            await transaction.rota_plans.add(row)
            await transaction.log.append(
                PlanMade(
                    at=now,
                    actor=actor.person_id,
                    rota=rota_id,
                    plan=plan_id,
                    based_on=stored.version,
                    starts_at=period.starts_at,
                    ends_at=period.ends_at,
                    ended="by-hand",
                    turns=len(given),
                    sha256=plan_rules.turns_sha256(given),
                )
            )
            return await _told(transaction, plan_id, actor)

    async def solve(self, rota_id: str, new: NewSolve, actor: Person) -> PlanView:
        """Begin to fill a period; whoever asks does not wait for it."""
        plan_id = new_plan_id()
        period = _plan_period(new.starts_at, new.ends_at, self._clock())
        limits = SolveLimits(seed=new.seed, work_limit=new.work_limit)
        with self._solvers.place() as begin:
            async with self._store.transaction() as transaction:
                stored = await _with_room(transaction, rota_id)
                now = self._clock()
                book = await book_of(transaction, rota_id, *period, now)
                row = NewPlanRow(
                    plan_id=plan_id,
                    rota_id=rota_id,
                    starts_at=period.starts_at,
                    ends_at=period.ends_at,
                    based_on=stored.version,
                    state="solving",
                    made_by=actor.person_id,
                    made_at=now,
                    solving=begun(new.seed),
                )
                await transaction.rota_plans.add(row)
                await transaction.log.append(
                    SolveAsked(
                        at=now,
                        actor=actor.person_id,
                        rota=rota_id,
                        plan=plan_id,
                        based_on=stored.version,
                        starts_at=period.starts_at,
                        ends_at=period.ends_at,
                        seed=new.seed,
                        keep=new.keep,
                    )
                )
                view = await _told(transaction, plan_id, actor)
            begin(SolveJob(plan_id, book, _kept(book) if new.keep else book, limits))
        return view

    async def stop(self, plan_id: str, actor: Person) -> PlanView:
        """Let the solver stop, whichever controller it works in; the best so far stays. Asking twice does no harm."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            await fail_silent(transaction, now)
            plan = await _locked(transaction, plan_id)
            if plan.state != "solving":
                raise Conflict("plan-not-solving", f"nothing solves {plan_id}: it is {plan.state}", "look at the plan")
            if await transaction.rota_plans.ask_to_stop(plan_id):
                await transaction.log.append(SolveStopped(at=now, actor=actor.person_id, rota=plan.rota, plan=plan_id))
            return await _told(transaction, plan_id, actor)

    async def discard(self, plan_id: str, actor: Person) -> PlanView:
        """Give up a plan; one that is being solved is stopped with it."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            plan = await _locked(transaction, plan_id)
            if plan.state not in {"draft", "solving"}:
                raise Conflict("plan-over", f"{plan_id} is {plan.state}, and stays so", "nothing is left to discard")
            await transaction.rota_plans.discard(plan_id)
            await transaction.log.append(PlanDiscarded(at=now, actor=actor.person_id, rota=plan.rota, plan=plan_id))
            return await _told(transaction, plan_id, actor)

    async def publish(self, plan_id: str, despite: str, actor: Person) -> PlanView:
        """Let the plan's turns hold from now on. Refused where that brings breaches or faults that were not there,
        unless `despite` says why it is done all the same."""
        async with self._store.transaction() as transaction:
            rota_id = _known(await transaction.rota_plans.one(plan_id), plan_id).rota
            stored = await locked_rota(transaction, rota_id)
            plan = await _locked(transaction, plan_id)
            now = self._clock()  # not before: what others published while this waited is older than this
            await publish(transaction, self._judging, stored, plan, despite, actor.person_id, now)
            return await _told(transaction, plan_id, actor)


def _plan_period(starts_at: datetime, ends_at: datetime, now: datetime) -> Span:
    period = period_of(starts_at, ends_at)
    if period.ends_at <= now:
        raise Conflict("plan-over", "the period is over, and what has begun is never changed", "plan what is to come")
    return period


def _check_not_begun(book: RotaBook, given: list[Assigned], now: datetime) -> None:
    """Raise Conflict where a plan gives a turn that has begun to somebody else."""
    begun_turns = [one for one in given if one.starts_at <= now]
    _, people = plan_rules.who_changes(book.rota, book, begun_turns)
    if people:
        raise Conflict(
            "turn-begun",
            f"a turn of {', '.join(people)} has begun, and is never changed by a plan",
            "leave it out; an override changes who is on call now",
        )


def _kept(book: RotaBook) -> RotaBook:
    """The book with everything that is published in its period fixed."""
    fixed = [structs.replace(one, fixed=True) if one.person is not None else one for one in book.assigned]
    return structs.replace(book, assigned=fixed)


async def _with_room(transaction: Transaction, rota_id: str) -> StoredRota:
    """The rota, locked, that may have another plan; raises NotFound or Conflict."""
    stored = await locked_rota(transaction, rota_id)
    if await transaction.rota_plans.count_open(rota_id) >= MAX_OPEN_PLANS:
        raise Conflict("plans-full", f"{MAX_OPEN_PLANS} plans of {rota_id} wait already", "publish or discard some")
    return stored


async def _locked(transaction: Transaction, plan_id: str) -> PlanView:
    return _known(await transaction.rota_plans.locked(plan_id), plan_id)


def _known(plan: PlanView | None, plan_id: str) -> PlanView:
    if plan is None:
        raise NotFound("plan-unknown", f"there is no plan {plan_id}", "list plans: fleet rota plans")
    return plan


async def _told(transaction: Transaction, plan_id: str, reader: Person) -> PlanView:
    """The plan as it is now, which every console is told of."""
    transaction.changed.rotas = True
    return _for_eyes(_known(await transaction.rota_plans.one(plan_id), plan_id), reader)


def _for_list(plan: PlanView) -> PlanView:
    quality = None if plan.quality is None else structs.replace(plan.quality, loads=[])
    return structs.replace(plan, assigned=[], quality=quality)


def _for_eyes(plan: PlanView, reader: Person) -> PlanView:
    """The plan without what could tell of others' working time, for those who may not see it."""
    if may(reader.role, "see-working-time"):
        return plan
    solving = None if plan.solving is None else structs.replace(plan.solving, conflicts=[])
    quality = None if plan.quality is None else structs.replace(plan.quality, parts=[], spread={}, loads=[])
    return structs.replace(plan, solving=solving, quality=quality)
