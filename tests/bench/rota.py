"""Filling a year of weekly primary and secondary fairly: how soon, and how much fairer than by the longest rested.

    python -m tests.bench.rota --seed 1 --sizes 12x52,20x52

Each size is a unit of so many people and weeks, with leave, deployments away, roles, competences that expire, wishes,
shares and debts (`rota_years`), solved in this process. `first_feasible_s` is when the first rota was found that keeps
every rule of cover, `within_1_percent_s` when the first one was whose cost is at most 1 % above the best there is, and
`optimal_s` when that was proven. `spread` is `fleet.rota.solver.weights.weighted` of the quality's spread: over the
measures, the sum of points × how far who has most stands above who has least, debts and shares counted in; `breaches`
counts what `assess` calls a breach or a fault. `greedy_…` are those of the longest rested first on the same input.

One JSON object a size, then one line with the first size's figures and the others under their names. Progress on
standard error.
"""

import argparse
import json
from collections.abc import Callable
from typing import Any

from fleet.rota.rules.assessment import assess
from fleet.rota.solver.greedy import greedy
from fleet.rota.solver.problem import with_assigned
from fleet.rota.solver.solve import solve
from fleet.rota.solver.weights import weighted
from protocols.rota.book import RotaBook
from protocols.rota.model import Assigned
from protocols.rota.solving import Progress, SolveLimits
from tests.bench.lines import say, tell
from tests.bench.rota_years import year_book

_ONE_PERCENT = 1.01
_NEWS_EVERY_S = 5.0


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sizes", default="12x52,20x52")
    parser.add_argument("--work-limit", type=float, default=600)
    given = parser.parse_args()
    figures: dict[str, dict[str, Any]] = {}
    for size in given.sizes.split(","):
        people, weeks = (int(number) for number in size.split("x"))
        figures[size] = measured(year_book(people, weeks, given.seed), SolveLimits(work_limit=given.work_limit))
        tell(json.dumps({"size": size, "seed": given.seed} | figures[size]))
    first, *others = figures
    tell(json.dumps(figures[first] | {size: figures[size] for size in others}))


def measured(book: RotaBook, limits: SolveLimits) -> dict[str, Any]:
    """The figures of one book."""
    told: list[Progress] = []
    solved = solve(book, limits=limits, on_progress=lambda one: _hear(told, one), should_stop=lambda: False)
    proven = solved.ended == "optimal"
    spread, breaches = judged(book, solved.assigned)
    greedy_spread, greedy_breaches = judged(book, greedy(book))
    near = (solved.objective or 0.0) * _ONE_PERCENT if proven else 0.0
    return {
        "first_feasible_s": _first(told, lambda one: one.broken == 0),
        "within_1_percent_s": _first(told, lambda one: one.objective is not None and one.objective <= near),
        "optimal_s": solved.seconds if proven else None,
        "spread": spread,
        "greedy_spread": greedy_spread,
        "breaches": breaches,
        "greedy_breaches": greedy_breaches,
        "ended": solved.ended,
        "objective": solved.objective,
        "bound": solved.bound,
        "work": round(solved.work, 2),
    }


def judged(book: RotaBook, assigned: list[Assigned]) -> tuple[float, int]:
    """The weighted spread of a rota, and how many breaches and faults it has."""
    found = assess(with_assigned(book, assigned))
    wrong = sum(one.answer in ("breach", "fault") for one in found.findings)
    return round(weighted(found.quality.spread), 2), wrong


def _hear(told: list[Progress], one: Progress) -> None:
    if not told or one.seconds // _NEWS_EVERY_S != told[-1].seconds // _NEWS_EVERY_S:
        say(f"{one.seconds:7.1f} s  broken {one.broken}  cost {one.objective}  bound {one.bound}")
    told.append(one)


def _first(told: list[Progress], is_it: Callable[[Progress], bool]) -> float | None:
    return next((one.seconds for one in told if is_it(one)), None)


if __name__ == "__main__":
    main()
