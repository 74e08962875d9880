"""`fleet rota solve --file`: a book solved in this process, with what the extra `controller` installs."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from msgspec import structs

from fleet.cli.output import print_json, print_remark
from fleet.cli.rota_checking import counts_of, counts_words
from fleet.cli.rota_files import STANDARD, check_new, read_book_file, write_book_file
from fleet.cli.rota_progress import end_progress, show_progress
from fleet.errors import RequestRefused
from fleet.rota.rules.assessment import assess
from protocols.rota.book import RotaBook
from protocols.rota.solving import Progress, Solved, SolveLimits

_ENDED = {
    "optimal": "nothing fairer exists",
    "limit": "the best found before the limit",
    "stopped": "the best found before it was stopped",
    "infeasible": "not every rule can be kept",
}


class _Solve(Protocol):
    def __call__(
        self,
        book: RotaBook,
        *,
        limits: SolveLimits,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> Solved: ...


def solve_here(file: Path, out: Path, limits: SolveLimits, *, keep: bool, json: bool) -> None:
    """Solve the book in `file` and write it with its turns given to the new file `out`; what was found is said on
    standard error, or as JSON. Ctrl-C ends the search, and what is best so far is written.

    Raises RequestRefused, also where the extra is not installed, and FleetError where the solver gives up.
    """
    check_new(out)
    with _stoppable() as should_stop:
        book, solve = read_book_file(file), _solver()
        solved = solve(_kept(book) if keep else book, limits=limits, on_progress=_show, should_stop=should_stop)
    end_progress()
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


def _solver() -> _Solve:
    try:
        from fleet.rota.solver.solve import solve  # noqa: PLC0415 - OR-Tools, which a client does not have
    except ModuleNotFoundError as error:
        raise RequestRefused(
            "solver-missing",
            f"{error.name} is not installed here",
            "install muster[controller], or let the controller solve: fleet rota solve ROTA",
        ) from error
    return solve


def _show(progress: Progress) -> None:
    show_progress(progress.seconds, progress.objective, progress.bound)


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


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """Whether somebody wants it to stop: true after the first Ctrl-C. The second interrupts."""
    stopped: list[int] = []

    def stop(number: int, _frame: object) -> None:
        stopped.append(number)
        signal.signal(number, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(stopped)
    finally:
        signal.signal(signal.SIGINT, before)
