"""What goes to a rota's solver and what comes back, one JSON document a line."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.rota.book import RotaBook
from protocols.rota.model import MAX_ASSIGNED, Assigned

MAX_WALL_S = 3600
MAX_CONFLICTS = 200
MAX_SENTENCE = 2000


class SolveLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far to search. The same book, `seed` and `work_limit` give the same answer on any machine, however busy it
    is; `work_limit` is about the seconds it takes on an idle one. `wall_limit_s` ends the search by the clock, so that
    the answer may then be another on the next run."""

    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1
    work_limit: Annotated[float, Meta(gt=0, le=MAX_WALL_S)] = 120
    wall_limit_s: Annotated[float, Meta(gt=0, le=MAX_WALL_S)] | None = None


class SolveTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A book to be solved."""

    book: RotaBook
    limits: SolveLimits = SolveLimits()


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """How far the search is after `seconds`. `objective` is what the best so far costs in fairness, None before that is
    looked at; no rota costs less than `bound`; `gap` is by which part of `objective` they differ, 0 … 1. `broken` is
    how many rules of cover the best so far does not keep, None while there is none. `assigned` is the best so far, None
    where it is as told before."""

    seconds: float
    objective: float | None
    bound: float | None
    gap: float | None
    broken: int | None
    assigned: Annotated[list[Assigned], Meta(max_length=MAX_ASSIGNED)] | None = None


Ended = Literal["optimal", "limit", "stopped", "infeasible"]
"""`optimal`: nothing better exists. `limit`: a limit ended the search before that was proven. `stopped`: somebody did.
`infeasible`: no rota keeps every rule; `conflicts` says which can not be kept together, and `assigned` breaks the
fewest."""

SentenceText = Annotated[str, Meta(max_length=MAX_SENTENCE)]


class Solved(msgspec.Struct, frozen=True, kw_only=True, tag="solved"):
    """What the solver found. `assigned` are the turns of the period, those that were kept among them, in order of their
    beginning; nobody has those that nobody can take. `objective` and `bound` are as in `Progress`, None where `ended`
    came before there was any. `conflicts` say in words which rules could not be kept. `work` is what it took, in the
    measure of `work_limit`."""

    assigned: Annotated[list[Assigned], Meta(max_length=MAX_ASSIGNED)]
    ended: Ended
    objective: float | None
    bound: float | None
    conflicts: Annotated[list[SentenceText], Meta(max_length=MAX_CONFLICTS)]
    seconds: float
    work: float


class SolveFailed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The solver could not do it, and what to change."""

    detail: SentenceText


SolverMessage = Progress | Solved | SolveFailed
