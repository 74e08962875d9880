"""Errors of the solver.

SolverError
├── TooManyTurns    the period has more turns than a rota can have assigned
├── SolverBroke     CP-SAT refused the model, which is a mistake of this program
├── SolverRefused   the solver's process says that it can not solve the book
└── SolverLost      the solver's process did not start, has ended, or said what it may not
"""

from fleet.errors import FleetError


class SolverError(FleetError):
    """Base of the solver's errors."""


class TooManyTurns(SolverError):
    """The period has `turns` turns, of which `limit` can be assigned."""

    def __init__(self, turns: int, limit: int) -> None:
        super().__init__(f"the period has {turns} turns and no more than {limit} can be assigned: solve a shorter one")
        self.turns = turns
        self.limit = limit


class SolverBroke(SolverError):
    """CP-SAT ended with `status` and no answer."""

    def __init__(self, status: str) -> None:
        super().__init__(f"the solver ended with {status}: please report this with the rota's file")
        self.status = status


class SolverRefused(SolverError):
    """The book can not be solved, for the reason in `detail`."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class SolverLost(SolverError):
    """The solver's process is of no more use, for the reason in `detail`."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the solver is lost: {detail}")
        self.detail = detail
