"""Solving a rota's book: settle what can be kept, then share it fairly, then ask the validator."""

import time
from collections.abc import Callable

from fleet.rota.solver.conflicts import conflicts
from fleet.rota.solver.cuts import Cut, Validator
from fleet.rota.solver.facts import facts_of
from fleet.rota.solver.greedy import longest_rested
from fleet.rota.solver.model import RotaModel, Taken, broken_by, settling_model, sharing_model
from fleet.rota.solver.problem import assigned_of, problem_of
from fleet.rota.solver.search import Found, Outcome, run
from protocols.rota.book import RotaBook
from protocols.rota.solving import Ended, Progress, Solved, SolveLimits

_ROUNDS = 200
"""How often the validator is asked at most."""


def solve(
    book: RotaBook,
    *,
    limits: SolveLimits,
    on_progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> Solved:
    """Who takes each turn of the book's period, as fairly as can be, under every rule that can be kept.

    Turns that are `fixed`, have begun by `as_of` or are another's by a change stay. `on_progress` is called in this
    thread, about once a second at least while searching; `should_stop` is asked twenty times a second. Blocks for as
    long as the limits let it. Raises TooManyTurns or SolverBroke.
    """
    return _Search(book, limits, on_progress, should_stop).solved()


class _Search:
    """One call of `solve`."""

    def __init__(
        self,
        book: RotaBook,
        limits: SolveLimits,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._began = time.monotonic()
        self._limits = limits
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._problem = problem_of(book)
        self._facts = facts_of(self._problem)
        self._validator = Validator(self._problem)
        self._cuts: list[Cut] = []
        self._work = 0.0
        self._stopped = False
        self._settles = not self._problem.slots
        self._told: Taken | None = None
        self._best: Taken | None = None
        self._objective: float | None = None
        self._bound: float | None = None

    def solved(self) -> Solved:
        """Search, and say what was found."""
        proven = self._searched() if self._problem.slots else True
        taken = self._best if self._best is not None else longest_rested(self._problem)
        broken = broken_by(self._facts, taken)
        said = conflicts(self._facts, taken, broken, self._validator.breaches(taken), proven=self._settles)
        return Solved(
            assigned=assigned_of(self._problem, taken),
            ended=self._ended(proven=proven, broken=bool(said)),
            objective=self._objective,
            bound=self._bound,
            conflicts=said,
            seconds=round(time.monotonic() - self._began, 3),
            work=self._work,
        )

    def _ended(self, *, proven: bool, broken: bool) -> Ended:
        if self._stopped:
            return "stopped"
        if broken and self._settles:
            return "infeasible"
        return "optimal" if proven else "limit"

    def _searched(self) -> bool:
        """Look for the best; whether it is proven that nothing is better."""
        hint: Taken = longest_rested(self._problem)
        for _ in range(_ROUNDS):
            settled = self._settled(hint)
            if settled.found.taken is None:
                return False
            hint = settled.found.taken
            if self._cut(hint):
                continue
            self._keep(hint, Found(hint, None, None))
            self._settles = settled.proven
            if not settled.proven:
                return False
            shared = self._run(self._sharing(hint), hint, self._tell)
            if shared.found.taken is None:
                return False
            hint = shared.found.taken
            if not self._cut(hint):
                self._keep(hint, shared.found)
                return shared.proven
        return False

    def _settled(self, hint: Taken) -> Outcome:
        """What breaks least: without too many turns in a row where nothing breaks by that, which is found soonest."""
        strict = self._run(settling_model(self._facts, self._cuts, in_a_row=False), hint, self._tell_settled)
        taken = strict.found.taken
        if strict.stopped or (taken is not None and not broken_by(self._facts, taken).count):
            return strict
        loose = self._run(settling_model(self._facts, self._cuts, in_a_row=True), taken or hint, self._tell_settled)
        return strict._replace(proven=False) if loose.found.taken is None else loose

    def _sharing(self, taken: Taken) -> RotaModel:
        return sharing_model(self._facts, self._cuts, broken_by(self._facts, taken))

    def _run(self, built: RotaModel, hint: Taken, on_found: Callable[[Found], None]) -> Outcome:
        built.hint(hint)
        wall = self._limits.wall_limit_s
        outcome = run(
            built,
            seed=self._limits.seed,
            work_limit=self._limits.work_limit - self._work,
            wall_until=None if wall is None else self._began + wall,
            on_found=on_found,
            should_stop=self._should_stop,
        )
        self._work += outcome.work
        self._stopped = self._stopped or outcome.stopped
        on_found(outcome.found)
        return outcome

    def _cut(self, taken: Taken) -> bool:
        """Ask the validator; whether it found something that another answer may avoid."""
        new = [cut for cut in self._validator.cuts(taken) if cut not in self._cuts]
        self._cuts += new
        if new and self._best is None:
            self._best = taken
        return bool(new)

    def _keep(self, taken: Taken, found: Found) -> None:
        self._best, self._objective, self._bound = taken, found.objective, found.bound

    def _tell_settled(self, found: Found) -> None:
        self._tell(Found(found.taken, None, None))

    def _tell(self, found: Found) -> None:
        """Say how far the search is."""
        new = found.taken is not None and found.taken != self._told
        if new:
            self._told = found.taken
        objective, bound = found.objective, found.bound
        self._on_progress(
            Progress(
                seconds=round(time.monotonic() - self._began, 3),
                objective=objective,
                bound=bound,
                gap=None if objective is None or bound is None else _gap(objective, bound),
                broken=None if self._told is None else broken_by(self._facts, self._told).count,
                assigned=assigned_of(self._problem, self._told) if new and self._told is not None else None,
            )
        )


def _gap(objective: float, bound: float) -> float:
    return max(0.0, objective - bound) / objective if objective > 0 else 0.0
