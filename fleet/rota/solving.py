"""The solver's one process in a controller: who may start it, how far it is, and what it leaves.

A plan that is being solved is a row that its solver touches every second. A controller that is asked to stop one only
marks the row, for the solver may be another controller's. Whatever nobody has touched for half a minute has failed.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import structlog
from msgspec import structs

from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER
from fleet.entries.rotas import PlanFailed, PlanMade
from fleet.errors import Conflict, StoreUnavailable
from fleet.rota import plan_rules
from fleet.rota.rules.assessment import assess
from fleet.rota.solver.errors import SolverError
from fleet.rota.solver.worker import SolvingProcess
from fleet.rounds import go_round
from fleet.stopping import cancel
from fleet.store.store import Store, Transaction
from protocols.api.rotas import Solving
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from protocols.rota.model import Assigned
from protocols.rota.solving import Progress, Solved, SolveLimits

SILENT = timedelta(seconds=30)
_BEAT_S = 1.0
_SWEEP_S = 60.0
_LAST_WORD_S = 5.0
_MAX_TRACE = 400

_log = structlog.get_logger(__name__)


class SolveJob(NamedTuple):
    """A plan to be solved: `book` as it is, `task` as the solver gets it, with what it has to keep."""

    plan_id: str
    book: RotaBook
    task: RotaBook
    limits: SolveLimits


class Solvers:
    """Runs at most one solving process for as long as `run` runs."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._busy = False
        self._jobs: asyncio.Queue[SolveJob] = asyncio.Queue(1)

    @contextmanager
    def place(self) -> Iterator[Callable[[SolveJob], None]]:
        """Hold the solver's place while what it is to do is written down, and give what lets it begin. Raises Conflict
        while something else is being solved here."""
        if self._busy:
            raise Conflict(
                "solver-busy", "this controller solves another plan", "wait until it has ended, or stop that one"
            )
        self._busy = True
        begins = False

        def begin(job: SolveJob) -> None:
            nonlocal begins
            self._jobs.put_nowait(job)
            begins = True

        try:
            yield begin
        finally:
            if not begins:
                self._busy = False

    async def run(self) -> None:
        """Solve what comes, and see every minute to what nobody solves any more, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._work(), name="solving")
            tasks.create_task(go_round("plans that nobody solves", self.sweep, _SWEEP_S), name="solving: sweep")

    async def sweep(self) -> None:
        """Let plans fail whose solver is silent, whosever it was. Raises StoreUnavailable."""
        async with self._store.transaction() as transaction:
            await fail_silent(transaction, self._clock())

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await _Solve(self._store, self._clock, job).run()
            finally:
                self._busy = False


class _Solve:
    """One plan on its way."""

    def __init__(self, store: Store, clock: Clock, job: SolveJob) -> None:
        self._store = store
        self._clock = clock
        self._job = job
        self._said = begun(job.limits.seed)
        self._best: list[Assigned] | None = None
        """A better one than was written down last, None where there is none."""

    async def run(self) -> None:
        """Solve until there is a result, or nobody wants it any more; whatever happens, the plan ends."""
        process = SolvingProcess()
        try:
            await process.start(self._job.task, self._job.limits)
            solved = await self._followed(process)
            if solved is not None:
                await self._keep(solved)
        except asyncio.CancelledError:
            await self._fail("controller-stopped", "the controller was stopped while it was solving: begin again")
            raise
        except SolverError as error:
            _log.warning("a solver ended without a plan", plan=self._job.plan_id, detail=str(error))
            await self._fail("solver", str(error))
        except StoreUnavailable as error:
            _log.warning("a solved plan could not be kept", plan=self._job.plan_id, detail=error.detail)
        except Exception:  # noqa: BLE001 - whatever a book does to the rules, the controller goes on
            _log.exception("a plan could not be solved", plan=self._job.plan_id)
            await self._fail("solver", "the program made a mistake: please report it with the rota's file")
        finally:
            await process.stop()

    async def _followed(self, process: SolvingProcess) -> Solved | None:
        """What the solver found, or None when the plan waits for it no more; raises SolverError."""
        reading = asyncio.create_task(self._read(process), name="solving: read")
        try:
            while not reading.done():
                await asyncio.wait({reading}, timeout=_BEAT_S)
                wanted = await self._beat()
                if wanted is None:
                    return None
                if not wanted:
                    await process.stop()
            return reading.result()
        finally:
            await cancel(reading)

    async def _read(self, process: SolvingProcess) -> Solved:
        async for progress in process:
            self._hear(progress)
        return process.solved

    def _hear(self, progress: Progress) -> None:
        said, trace = self._said, self._said.trace
        better = progress.objective is not None and progress.objective != said.objective
        if progress.objective is not None and better:
            trace = [*trace[: _MAX_TRACE - 1], (progress.seconds, progress.objective)]
        if progress.assigned is not None:
            self._best = progress.assigned
        self._said = structs.replace(
            said,
            elapsed_s=progress.seconds,
            found=said.found + better,
            objective=progress.objective,
            bound=progress.bound,
            trace=trace,
        )

    async def _beat(self) -> bool | None:
        """Write down how far it is; whether it may go on, None when the plan waits for it no more. While the database
        is lost it goes on."""
        best = None if self._best is None else self._planned(self._best)
        try:
            async with self._store.transaction() as transaction:
                stop = await transaction.rota_plans.beat(self._job.plan_id, self._clock(), self._said, best)
        except StoreUnavailable as error:
            _log.warning("a solver can not say how far it is", plan=self._job.plan_id, detail=error.detail)
            return True
        self._best = None
        return None if stop is None else not stop

    def _planned(self, assigned: list[Assigned]) -> list[Assigned]:
        """The turns as a plan has them: what was fixed only for this solver is not fixed for the next."""
        fixed = {(one.layer, one.starts_at) for one in self._job.book.assigned if one.fixed}
        return plan_rules.in_order(
            structs.replace(one, published_at=None, fixed=(one.layer, one.starts_at) in fixed) for one in assigned
        )

    async def _keep(self, solved: Solved) -> None:
        """The plan is a draft now; raises StoreUnavailable."""
        planned, book = self._planned(solved.assigned), self._job.book
        found = await asyncio.to_thread(_judged, book, planned)
        said = structs.replace(
            self._said,
            elapsed_s=solved.seconds,
            objective=solved.objective,
            bound=solved.bound,
            ended=solved.ended,
            conflicts=solved.conflicts,
        )
        now = self._clock()
        async with self._store.transaction() as transaction:
            plans, plan_id = transaction.rota_plans, self._job.plan_id
            if not await plans.solved(plan_id, planned, said, plan_rules.counts(found), found.quality):
                return
            plan = await plans.one(plan_id)
            assert plan is not None, "it was written just now"
            await transaction.log.append(
                PlanMade(
                    at=now,
                    actor=CONTROLLER,
                    rota=plan.rota,
                    plan=plan_id,
                    based_on=plan.based_on,
                    starts_at=plan.starts_at,
                    ends_at=plan.ends_at,
                    ended=solved.ended,
                    turns=len(planned),
                    sha256=plan_rules.turns_sha256(planned),
                )
            )
            transaction.changed.rotas = True

    async def _fail(self, cause: Literal["solver", "controller-stopped"], why: str) -> None:
        """Say that there is no plan, if the database can be told soon; else the plan fails for its silence."""
        said = structs.replace(self._said, ended="failed", conflicts=[why])
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_LAST_WORD_S), self._store.transaction() as transaction:
                await _failed(transaction, self._job.plan_id, said, cause, self._clock())


def begun(seed: int) -> Solving:
    """A solver that has found nothing yet."""
    return Solving(seed=seed, elapsed_s=0.0, found=0, objective=None, bound=None, ended=None)


async def fail_silent(transaction: Transaction, now: datetime) -> None:
    """Let plans fail whose solver has not been heard of for SILENT."""
    for plan_id in await transaction.rota_plans.silent(now - SILENT):
        plan = await transaction.rota_plans.one(plan_id)
        if plan is not None and plan.solving is not None:
            why = "nothing is heard of the solver any more: its controller has stopped; begin again"
            said = structs.replace(plan.solving, ended="failed", conflicts=[why])
            await _failed(transaction, plan_id, said, "lost", now)


async def _failed(
    transaction: Transaction,
    plan_id: str,
    said: Solving,
    cause: Literal["solver", "controller-stopped", "lost"],
    now: datetime,
) -> None:
    plan = await transaction.rota_plans.one(plan_id)
    if plan is not None and await transaction.rota_plans.fail(plan_id, said):
        await transaction.log.append(PlanFailed(at=now, actor=CONTROLLER, rota=plan.rota, plan=plan_id, cause=cause))
        transaction.changed.rotas = True


def _judged(book: RotaBook, planned: list[Assigned]) -> Assessment:
    given = plan_rules.to_give(book.rota, book, planned, book.as_of)
    return assess(plan_rules.with_turns(book, given))
