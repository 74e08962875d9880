"""`fleet rota solve --file`: a book solved on this machine, with what the extra `controller` installs."""

import asyncio
from importlib.util import find_spec
from pathlib import Path

from msgspec import structs

from fleet.cli.output import print_json, print_remark
from fleet.cli.rota_checking import counts_of, counts_words
from fleet.cli.rota_files import STANDARD, check_new, read_book_file, write_book_file
from fleet.cli.rota_progress import end_progress, show_progress, stop_at_ctrl_c
from fleet.errors import RequestRefused
from fleet.rota.rules.assessment import assess
from fleet.rota.solver.worker import SolvingProcess
from fleet.stopping import cancel
from protocols.rota.book import RotaBook
from protocols.rota.solving import Solved, SolveLimits

_ENDED = {
    "optimal": "nothing fairer exists",
    "limit": "the best found before the limit",
    "stopped": "the best found before it was stopped",
    "infeasible": "not every rule can be kept",
}


def solve_here(file: Path, out: Path, limits: SolveLimits, *, keep: bool, json: bool) -> None:
    """Solve the book in `file` and write it with its turns given to the new file `out`; what was found is said on
    standard error, or as JSON. Ctrl-C ends the search, and what is best so far is written.

    Raises RequestRefused, also where the extra is not installed, and SolverError where the solver gives up.
    """
    check_new(out)
    if find_spec("ortools") is None:
        remedy = "install muster[controller], or let the controller solve: fleet rota solve ROTA"
        raise RequestRefused("solver-missing", "OR-Tools is not installed here", remedy)
    book = read_book_file(file)
    solved = asyncio.run(_solved(_kept(book) if keep else book, limits))
    filled = _filled(book, solved)
    write_book_file(out, filled)
    if json and out != STANDARD:
        print_json(solved)
        return
    found = assess(filled)
    print_remark(f"{_ENDED[solved.ended]}, after {solved.seconds:.0f} s with seed {limits.seed}")
    for sentence in solved.conflicts:
        print_remark(f"  {sentence}")
    print_remark(f"score {found.quality.score:g} of 100; {counts_words(counts_of(found.findings))}")


async def _solved(book: RotaBook, limits: SolveLimits) -> Solved:
    """What a process of its own finds, which Ctrl-C does not reach: it is told to give its best so far."""
    process = SolvingProcess()
    with stop_at_ctrl_c() as stop:
        await process.start(book, limits)
        stopping = asyncio.create_task(_stop(process, stop), name="solving: Ctrl-C")
        try:
            async for progress in process:
                show_progress(progress.seconds, progress.objective, progress.bound)
            return process.solved
        finally:
            await cancel(stopping)
            await process.stop()
            end_progress()


async def _stop(process: SolvingProcess, stop: asyncio.Event) -> None:
    await stop.wait()
    await process.stop()


def _kept(book: RotaBook) -> RotaBook:
    """The book with every turn fixed that somebody was given."""
    fixed = [structs.replace(one, fixed=True) if one.person is not None else one for one in book.assigned]
    return structs.replace(book, assigned=fixed)


def _filled(book: RotaBook, solved: Solved) -> RotaBook:
    """The book with the turns that were found; none is fixed that was not."""
    fixed = {(one.layer, one.starts_at) for one in book.assigned if one.fixed}
    found = {(one.layer, one.starts_at): one for one in book.assigned}
    for one in solved.assigned:
        key = one.layer, one.starts_at
        found[key] = structs.replace(one, fixed=key in fixed)
    return structs.replace(book, assigned=sorted(found.values(), key=lambda one: (one.starts_at, one.layer)))
