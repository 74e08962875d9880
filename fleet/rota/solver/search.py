"""One run of CP-SAT: in a thread, so that whoever waits for it can stop it."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from ortools.sat.python import cp_model

from fleet.rota.solver.errors import SolverBroke
from fleet.rota.solver.model import RotaModel

WORKERS = 4
"""Searches that take turns in a fixed order, one at a time: far sooner done than one search alone, which often never
finds the last improvement. At the same time, two that find equally good rotas would race for which one is told."""

_POLL_S = 0.05
_AGAIN_S = 1.0
_DEAF_S = 0.5


class Found(NamedTuple):
    """The best so far: who takes each slot, what that costs, and below what nothing can cost; None where there is
    nothing."""

    taken: list[str | None] | None
    objective: float | None
    bound: float | None


class Outcome(NamedTuple):
    """How a run ended: `proven` where nothing better exists; `work` is what it took, in CP-SAT's deterministic time."""

    found: Found
    proven: bool
    stopped: bool
    work: float


class _Listener(cp_model.CpSolverSolutionCallback):
    """Keeps the last solution; called by CP-SAT's own threads, one at a time."""

    def __init__(self, built: RotaModel) -> None:
        super().__init__()
        self._built = built
        self.found = Found(None, None, None)

    def on_solution_callback(self) -> None:
        """See CP-SAT."""
        taken: list[str | None] = [None] * len(self._built.facts.problem.slots)
        for (i, person), variable in self._built.x.items():
            if self.boolean_value(variable):
                taken[i] = person
        self.found = Found(taken, self.objective_value, self.best_objective_bound)


def run(
    built: RotaModel,
    *,
    seed: int,
    work_limit: float,
    wall_until: float | None,
    on_found: Callable[[Found], None],
    should_stop: Callable[[], bool],
) -> Outcome:
    """Search until it is proven, `work_limit` is used up, `time.monotonic()` is at `wall_until`, or `should_stop`,
    asked twenty times a second, says so. A search that was told to stop and is too deep in something to hear it within
    half a second is left to itself, and ends soon after. `on_found` is called here, in the caller's thread, with each
    new best that it is fast enough for, and about once a second. Raises SolverBroke."""
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.random_seed = seed
    parameters.num_workers = WORKERS
    parameters.interleave_search = True
    parameters.interleave_batch_size = 1
    parameters.max_deterministic_time = max(work_limit, 0.0)
    listener = _Listener(built)
    bounds: list[float] = []
    solver.best_bound_callback = bounds.append
    ended = threading.Event()
    status: list[cp_model.CpSolverStatus] = []

    def search() -> None:
        try:
            status.append(solver.solve(built.model, listener))
        finally:
            ended.set()

    thread = threading.Thread(target=search, name="rota solver", daemon=True)
    thread.start()
    told, told_at = None, time.monotonic()
    stop_at: float | None = None
    try:
        while not ended.wait(_POLL_S):
            now = time.monotonic()
            if stop_at is None and should_stop():
                stop_at = now
            if stop_at is not None and now >= stop_at + _DEAF_S:
                return Outcome(_bounded(listener.found, bounds), proven=False, stopped=True, work=0.0)
            if stop_at is not None or (wall_until is not None and now >= wall_until):
                solver.stop_search()
            if listener.found is not told or now >= told_at + _AGAIN_S:
                told, told_at = listener.found, now
                on_found(_bounded(told, bounds))
    except BaseException:
        while not ended.wait(_POLL_S):
            solver.stop_search()
        raise
    return _outcome(solver, status, listener, stopped=stop_at is not None)


def _bounded(found: Found, bounds: list[float]) -> Found:
    return found._replace(bound=bounds[-1]) if bounds else found


def _outcome(
    solver: cp_model.CpSolver, status: list[cp_model.CpSolverStatus], listener: _Listener, *, stopped: bool
) -> Outcome:
    if not status or status[0] == cp_model.MODEL_INVALID:
        raise SolverBroke(solver.status_name(status[0]) if status else "no status")
    proven = status[0] in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    found = listener.found
    if found.taken is not None:
        found = found._replace(objective=solver.objective_value, bound=solver.best_objective_bound)
    return Outcome(found, proven, stopped and not proven, solver.deterministic_time)
