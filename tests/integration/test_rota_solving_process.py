"""A solver's real process: what it says, how it is stopped, and that it ends with whoever started it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from fleet.rota.solver.errors import SolverLost, SolverRefused
from fleet.rota.solver.solve import solve
from fleet.rota.solver.worker import SolvingProcess
from protocols.rota.book import RotaBook
from protocols.rota.model import TurnLength
from protocols.rota.solving import Progress, SolveLimits
from tests.bench.rota_years import year_book

LIMIT_S = 60.0
QUICK = year_book(6, 8, 3)
LONG = year_book(12, 52, 1)


@pytest.fixture
async def solving() -> AsyncIterator[SolvingProcess]:
    process = SolvingProcess()
    try:
        yield process
    finally:
        await process.stop()


async def read(process: SolvingProcess) -> list[Progress]:
    async with asyncio.timeout(LIMIT_S):
        return [progress async for progress in process]


async def first_rota(process: SolvingProcess) -> None:
    """Wait until it has found one that keeps every rule."""
    async with asyncio.timeout(LIMIT_S):
        async for progress in process:
            if progress.broken == 0:
                return


async def test_it_tells_its_progress_and_what_a_solver_here_finds(solving: SolvingProcess) -> None:
    await solving.start(QUICK, SolveLimits(seed=5))
    told = await read(solving)
    here = solve(QUICK, limits=SolveLimits(seed=5), on_progress=lambda _: None, should_stop=lambda: False)
    assert solving.solved.assigned == here.assigned
    assert (solving.solved.ended, solving.solved.objective) == (here.ended, here.objective)
    assert [one.assigned for one in told if one.assigned is not None][-1] == here.assigned
    assert told[-1].objective == here.objective


async def test_stopping_it_gives_its_best_so_far(solving: SolvingProcess) -> None:
    await solving.start(LONG, SolveLimits())
    await first_rota(solving)
    rest = asyncio.create_task(read(solving))
    await solving.stop()
    await rest
    assert solving.solved.ended == "stopped"
    assert len(solving.solved.assigned) == 104
    assert None not in {one.person for one in solving.solved.assigned}


async def test_a_wall_limit_ends_it(solving: SolvingProcess) -> None:
    await solving.start(LONG, SolveLimits(wall_limit_s=0.5))
    await read(solving)
    assert solving.solved.ended == "limit"
    assert len(solving.solved.assigned) == 104


async def test_it_ends_when_its_input_does(solving: SolvingProcess) -> None:
    await solving.start(LONG, SolveLimits())
    await first_rota(solving)
    solving.let_go()
    with pytest.raises(SolverLost, match="ended before it was done"):
        await read(solving)


async def test_a_solver_that_is_killed_is_lost_and_nothing_else(solving: SolvingProcess) -> None:
    await solving.start(LONG, SolveLimits())
    await first_rota(solving)
    assert solving.pid is not None
    os.kill(solving.pid, signal.SIGKILL)
    with pytest.raises(SolverLost, match="ended before it was done"):
        await read(solving)
    with pytest.raises(SolverLost, match="before it found anything"):
        _ = solving.solved


async def test_a_period_with_too_many_turns_is_refused_in_words(solving: SolvingProcess) -> None:
    await solving.start(_hourly(LONG), SolveLimits())
    with pytest.raises(SolverRefused, match="no more than 5000 can be assigned: solve a shorter one"):
        await read(solving)


def _hourly(book: RotaBook) -> RotaBook:
    layers = [structs.replace(one, turn=TurnLength(every=1, unit="hours")) for one in book.rota.layers]
    return structs.replace(book, rota=structs.replace(book.rota, layers=layers))


async def test_one_that_never_began_or_has_ended_can_be_stopped_again() -> None:
    process = SolvingProcess()
    await process.stop()
    await process.start(QUICK, SolveLimits())
    await read(process)
    await process.stop()
    await process.stop()
    assert process.solved.ended in ("optimal", "infeasible")
