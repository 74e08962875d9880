"""What counts how much when turns are given out. All of it is †."""

from typing import NamedTuple


class Weight(NamedTuple):
    """So many `points` for each `per` of a measure, squared, that somebody stands beyond or below their share."""

    per: int
    points: int


WEIGHTS: dict[str, Weight] = {
    "primary_h": Weight(per=168, points=4),
    "secondary_h": Weight(per=168, points=2),
    "weekend_days": Weight(per=2, points=4),
    "bank_holidays": Weight(per=1, points=6),
    "festive_days": Weight(per=1, points=10),
    "nights": Weight(per=7, points=2),
}
"""Of `protocols.rota.load.MEASURES`; a solver gives out no days away. A week as primary is 168 h, 7 nights and 2
weekend days."""

SCALE = 100
"""A point in the solver's whole numbers."""

WISH = 60
"""For each day, begun, on which a wish is not met."""

KEEP = 150
"""For a turn that was published and is given to somebody else."""

KEEP_LATE = 600
"""The same where less than the notice of the house is left."""

GAP = 1000
UNQUALIFIED = 200
UNMET = 400
"""For each hour in which nobody has a position; somebody does who lacks what everybody needs; what has to be there is
missing. They are settled before fairness is looked at, as is `ROW`."""

ROW = 1
"""For each turn too many one after the other."""


def weighted(spread: dict[str, float]) -> float:
    """One figure for a rota's unfairness: the sum over the measures in `WEIGHTS` of points × how far the person with
    most stands above the one with least (`protocols.rota.findings.Quality.spread`), in units of `per`. 0 is perfectly
    fair."""
    return sum(weight.points * spread[measure] / weight.per for measure, weight in WEIGHTS.items())
