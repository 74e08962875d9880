"""The solver behind the API: it fills a period while nobody waits, can be stopped from anywhere, and always ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from fleet.errors import Conflict
from fleet.rota.books import book_of
from fleet.rota.judging import Judging
from fleet.rota.plan_desk import PlanDesk
from fleet.rota.solving import SILENT, SolveJob, Solvers, begun
from fleet.stopping import cancel
from fleet.store.rota_plans import NewPlanRow
from fleet.store.store import Store
from protocols.api.rotas import NewSolve, PlanView
from protocols.rota.solving import SolveLimits
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_books import layer
from tests.support.rota_house import ENGINEERS, NOW, PRIMARY, SECONDARY, RotaHouse, rota_house, week
from tests.support.waiting import until

pytestmark = pytest.mark.long
CHILD = "solver/child.py"
# Days for months: more than any solver proves within a test.
LONG = {
    "layers": [
        layer("days", unit="days", every=1, order=[]),
        layer("days-too", position="secondary", unit="days", every=1, order=[]),
    ]
}


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


def a_month(**changes: Any) -> NewSolve:
    return NewSolve(**{"starts_at": week(0), "ends_at": week(6), "work_limit": 20, **changes})


def a_solving_plan(plan_id: str) -> NewPlanRow:
    """A plan that somebody solves, or nobody any more."""
    return NewPlanRow(
        plan_id=plan_id,
        rota_id="technical",
        starts_at=week(0),
        ends_at=week(1),
        based_on=1,
        state="solving",
        made_by="SU-01",
        made_at=NOW,
        solving=begun(1),
    )


async def ended(house: RotaHouse, plan: PlanView) -> PlanView:
    """The plan once nothing solves it any more."""
    seen: list[PlanView] = []

    async def over() -> bool:
        seen.append(await house["SU-01"].rota_plan(plan.plan))
        return seen[-1].state != "solving"

    await until(over)
    return seen[-1]


async def begin_long(house: RotaHouse) -> PlanView:
    """Something to solve for long, of which something is found already."""
    await house.put(1, **LONG)
    new = NewSolve(starts_at=week(0), ends_at=week(26), work_limit=3600)
    plan = await house["SU-01"].solve_rota("technical", new)

    async def found() -> bool:
        now = await house["SU-01"].rota_plan(plan.plan)
        assert now.state == "solving", now
        return bool(now.assigned)

    await until(found)
    return plan


def solvers() -> list[int]:
    """Process ids of the solvers that this test's controllers have started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:  # it has ended
            continue
        if CHILD in command and int(parent) == os.getpid():
            found.append(int(entry.name))
    return found


async def no_solver() -> bool:
    return not solvers()


async def free(house: RotaHouse) -> None:
    """Until the house's controller may solve something else."""

    async def is_free() -> bool:
        try:
            with house.api.services.solvers.place():
                return True
        except Conflict:
            return False

    await until(is_free)


async def test_a_period_is_filled_while_nobody_waits_and_then_published(house: RotaHouse, owner: Owner) -> None:
    asked = await house["SU-01"].solve_rota("technical", a_month(seed=7))
    assert (asked.state, asked.assigned, asked.counts) == ("solving", [], None)
    assert asked.solving == begun(7)
    plan = await ended(house, asked)
    assert plan.state == "draft"
    assert plan.solving is not None
    assert plan.solving.ended in {"optimal", "limit"}
    assert plan.solving.found >= 1
    assert len(plan.solving.trace) == plan.solving.found
    assert [(one.layer, one.starts_at) for one in plan.assigned] == [
        (name, week(number)) for number in range(6) for name in (PRIMARY, SECONDARY)
    ]
    assert {one.fixed for one in plan.assigned} == {False}
    assert plan.counts is not None
    assert "fault" not in plan.counts
    assert "breach" not in plan.counts
    house.clock.go_on(minutes=1)
    published = await house["SU-02"].publish_rota_plan(plan.plan)
    assert {one.person for one in published.assigned} <= {*ENGINEERS, "SU-01", "SU-02", "AP-01"}
    told = await entries(owner, "rota.")
    assert [(one["kind"], one["actor"]) for one in told] == [
        ("rota.defined", "SU-01"),
        ("rota.solve-asked", "SU-01"),
        ("rota.plan-made", "controller"),
        ("rota.published", "SU-02"),
    ]
    assert (told[1]["seed"], told[1]["keep"], told[2]["ended"]) == (7, False, plan.solving.ended)
    await free(house)
    again = await house["SU-01"].solve_rota("technical", a_month(keep=True))
    kept = await ended(house, again)
    assert [(one.starts_at, one.layer, one.person) for one in kept.assigned] == [
        (one.starts_at, one.layer, one.person) for one in published.assigned
    ]
    assert {one.fixed for one in kept.assigned} == {False}


async def test_what_can_not_be_kept_is_said_to_those_who_may_know(house: RotaHouse, owner: Owner) -> None:
    for person in ("SU-01", "SU-02", "AP-01"):
        await owner.execute("SET session_replication_role = replica")  # without its entry
        await owner.execute(
            "INSERT INTO absence (absence_id, person_id, kind, starts_at, ends_at, zone, reference, recorded_by,"
            " recorded_at) VALUES ($1, $1, 'sick', $2, $3, 'Europe/London', '', 'SU-01', $2)",
            person,
            week(1),
            week(2),
        )
    plan = await ended(house, await house["SU-01"].solve_rota("technical", a_month(ends_at=week(3))))
    assert plan.state == "draft"
    assert plan.solving is not None
    assert (plan.solving.ended, plan.solving.conflicts == []) == ("infeasible", False)
    assert plan.counts is not None
    assert plan.counts["fault"] > 0
    seen = await house["TO-11"].rota_plan(plan.plan)
    assert seen.solving is not None
    assert seen.solving.conflicts == []
    # By the order of the rotation it was no better: nobody is to be told a reason.
    assert (await house["SU-01"].publish_rota_plan(plan.plan)).state == "published"


async def test_one_solver_at_a_time_which_any_controller_may_stop(house: RotaHouse, store: Store, owner: Owner) -> None:
    plan = await begin_long(house)
    assert len(solvers()) == 1
    assert await refusal(house["SU-02"].solve_rota("technical", a_month())) == (409, "solver-busy")
    elsewhere = PlanDesk(store, house.clock, Judging(), Solvers(store, house.clock))
    async with store.transaction() as transaction:
        actor = await transaction.people.get("SU-02")
    assert actor is not None
    assert (await elsewhere.stop(plan.plan, actor)).state in {"solving", "draft"}
    stopped = await ended(house, plan)
    assert (stopped.state, stopped.solving and stopped.solving.ended) == ("draft", "stopped")
    assert stopped.assigned
    assert await refusal(house["SU-01"].stop_solving(plan.plan)) == (409, "plan-not-solving")
    told = [(one["kind"], one["actor"]) for one in await entries(owner, "rota.")][2:]
    assert told == [
        ("rota.solve-asked", "SU-01"),
        ("rota.solve-stopped", "SU-02"),
        ("rota.plan-made", "controller"),
    ]
    await until(no_solver)
    await free(house)
    assert (await house["SU-01"].solve_rota("technical", a_month(ends_at=week(1)))).state == "solving"


async def test_a_plan_that_is_discarded_is_solved_no_more(house: RotaHouse) -> None:
    plan = await begin_long(house)
    assert (await house["SU-01"].discard_rota_plan(plan.plan)).state == "discarded"
    await until(no_solver)
    assert (await house["SU-01"].rota_plan(plan.plan)).state == "discarded"
    await free(house)


async def test_a_solver_that_is_killed_leaves_a_failed_plan(house: RotaHouse, owner: Owner) -> None:
    plan = await begin_long(house)
    os.kill(solvers()[0], signal.SIGKILL)
    failed = await ended(house, plan)
    assert (failed.state, failed.solving and failed.solving.ended) == ("failed", "failed")
    assert failed.solving is not None
    assert failed.solving.conflicts[0].startswith("the solver is lost")
    assert [one["cause"] for one in await entries(owner, "rota.plan-failed")] == ["solver"]
    assert await refusal(house["SU-01"].publish_rota_plan(plan.plan)) == (409, "plan-not-draft")


async def test_a_mistake_in_judging_what_was_solved_ends_the_plan_and_not_the_controller(
    house: RotaHouse, store: Store
) -> None:
    async with store.transaction() as transaction:
        await transaction.rota_plans.add(a_solving_plan("P-00000000000a"))
        book = await book_of(transaction, "technical", week(0), week(1), NOW)
    spoilt = structs.replace(book, rota=structs.replace(book.rota, zone="Europe/Camelot"))
    with house.api.services.solvers.place() as begin:
        begin(SolveJob("P-00000000000a", spoilt, book, SolveLimits(work_limit=5)))
    failed = await ended(house, await house["SU-01"].rota_plan("P-00000000000a"))
    assert failed.solving is not None
    assert failed.solving.conflicts == ["the program made a mistake: please report it with the rota's file"]
    await free(house)
    plan = await ended(house, await house["SU-01"].solve_rota("technical", a_month(ends_at=week(1))))
    assert plan.state == "draft"


async def test_a_controller_that_stops_ends_what_it_solves(house: RotaHouse, store: Store, owner: Owner) -> None:
    await house.put(1, **LONG)
    mine = Solvers(store, house.clock)
    desk = PlanDesk(store, house.clock, Judging(), mine)
    running = asyncio.create_task(mine.run())
    async with store.transaction() as transaction:
        actor = await transaction.people.get("SU-01")
    assert actor is not None
    plan = await desk.solve("technical", NewSolve(starts_at=week(0), ends_at=week(26), work_limit=3600), actor)

    async def started() -> bool:
        return bool(solvers())

    await until(started)
    await cancel(running)
    assert solvers() == []
    failed = await house["SU-01"].rota_plan(plan.plan)
    assert failed.state == "failed"
    assert failed.solving is not None
    assert failed.solving.conflicts == ["the controller was stopped while it was solving: begin again"]
    assert [one["cause"] for one in await entries(owner, "rota.plan-failed")] == ["controller-stopped"]


async def test_a_plan_whose_controller_has_gone_fails_after_half_a_minute(
    house: RotaHouse, store: Store, owner: Owner
) -> None:
    async with store.transaction() as transaction:
        for plan_id in ("P-00000000000a", "P-00000000000b"):
            await transaction.rota_plans.add(a_solving_plan(plan_id))
    house.clock.go_on(seconds=SILENT.total_seconds())
    assert (await house["SU-01"].rota_plan("P-00000000000a")).state == "solving"
    house.clock.now += timedelta(microseconds=1)
    assert (await house["SU-01"].rota_plan("P-00000000000a")).state == "failed"
    await house.api.services.solvers.sweep()
    told = await entries(owner, "rota.plan-failed")
    assert [(one["plan"], one["cause"], one["actor"]) for one in told] == [
        ("P-00000000000a", "lost", "controller"),
        ("P-00000000000b", "lost", "controller"),
    ]


async def test_what_can_not_be_solved_says_why(house: RotaHouse, owner: Owner) -> None:
    ask = house["SU-01"].solve_rota
    assert await refusal(ask("nowhere", a_month())) == (404, "rota-unknown")
    assert await refusal(ask("technical", a_month(ends_at=week(0)))) == (400, "period-unusable")
    assert await refusal(ask("technical", a_month(starts_at=week(-4), ends_at=week(-3)))) == (409, "plan-over")
    assert await refusal(house["AP-01"].solve_rota("technical", a_month())) == (403, "role-not-allowed")
    await house["SU-01"].end_rota("technical")
    assert await refusal(ask("technical", a_month())) == (409, "rota-ended")
    assert await owner.fetch("SELECT FROM rota_plan") == []
    with house.api.services.solvers.place():
        pass  # what was refused holds no place
