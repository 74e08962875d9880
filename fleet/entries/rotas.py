"""Entries of rotas, of plans of their turns, and of changes by hand. `rota` is the short name that people type, `plan`
the plan's id."""

from datetime import datetime
from typing import Literal

from fleet.entries.entry import Entry, HashedText


class RotaDefined(Entry, frozen=True, kw_only=True, tag="rota.defined"):
    """A rota was laid down, or anew; `sha256` is of the exact text of version `version`. `past_from` is from when
    on, of the year before, it has somebody else on call than the version before, null where it has not: of that time
    other hours are reported. `allowance_permille` is the allowance with which hours are reported."""

    rota: str
    version: int
    sha256: str
    past_from: datetime | None
    allowance_permille: int


class RotaEnded(Entry, frozen=True, kw_only=True, tag="rota.ended"):
    """A rota asks for nobody any more; `version` was its last."""

    rota: str
    version: int


class SolveAsked(Entry, frozen=True, kw_only=True, tag="rota.solve-asked"):
    """A solver was set to fill a period; `keep` says that it leaves what is published."""

    rota: str
    plan: str
    based_on: int
    starts_at: datetime
    ends_at: datetime
    seed: int
    keep: bool


class SolveStopped(Entry, frozen=True, kw_only=True, tag="rota.solve-stopped"):
    """A person asked a solver to stop; the best so far stays."""

    rota: str
    plan: str


class PlanMade(Entry, frozen=True, kw_only=True, tag="rota.plan-made"):
    """Turns were planned: by a person, or for them by a solver, which `ended` says how. `sha256` is of the exact text
    of the turns."""

    rota: str
    plan: str
    based_on: int
    starts_at: datetime
    ends_at: datetime
    ended: Literal["by-hand", "optimal", "limit", "stopped", "infeasible"]
    turns: int
    sha256: str


class PlanFailed(Entry, frozen=True, kw_only=True, tag="rota.plan-failed"):
    """A solver ended without a plan: `lost` when nothing was heard of it any more."""

    rota: str
    plan: str
    cause: Literal["solver", "controller-stopped", "lost"]


class PlanDiscarded(Entry, frozen=True, kw_only=True, tag="rota.plan-discarded"):
    """A plan was given up."""

    rota: str
    plan: str


class RotaPublished(Entry, frozen=True, kw_only=True, tag="rota.published"):
    """The turns of a plan hold. `sha256` is of the exact text of those that were given, `changed` how many of them have
    another person now; the counts are of what the rules find in the period, `brought` of the breaches and faults that
    were not there before, for which `despite` is why."""

    rota: str
    plan: str
    based_on: int
    starts_at: datetime
    ends_at: datetime
    turns: int
    changed: int
    sha256: str
    breaches: int
    faults: int
    rests_owed: int
    warnings: int
    brought: int
    despite: HashedText | None


class ChangeAsked(Entry, frozen=True, kw_only=True, tag="rota.change-asked"):
    """Somebody asked for a swap or a take-over: `person` is to have `duty` (the position) from `starts_at` until
    `ends_at`, which `gives` gives up; of a swap `gives` then has what `person` had, `back_duty`."""

    rota: str
    change: str
    change_kind: Literal["override", "swap", "take-over"]
    duty: Literal["primary", "secondary", "shadow"]
    person: str
    gives: str | None
    starts_at: datetime
    ends_at: datetime
    back_duty: Literal["primary", "secondary", "shadow"] | None
    back_starts_at: datetime | None
    back_ends_at: datetime | None
    reason: HashedText | None


class ChangeAgreed(Entry, frozen=True, kw_only=True, tag="rota.change-agreed"):
    """The other of the two agreed, or a supervisor did for `person`."""

    rota: str
    change: str
    person: str


class ChangeApproved(Entry, frozen=True, kw_only=True, tag="rota.change-approved"):
    """A change is in force: what was asked for, or what a supervisor decides at once. `brought` is how many breaches
    and faults came with it, for which `despite` is why."""

    rota: str
    change: str
    change_kind: Literal["override", "swap", "take-over"]
    duty: Literal["primary", "secondary", "shadow"]
    person: str
    gives: str | None
    starts_at: datetime
    ends_at: datetime
    back_duty: Literal["primary", "secondary", "shadow"] | None
    back_starts_at: datetime | None
    back_ends_at: datetime | None
    brought: int
    reason: HashedText | None
    despite: HashedText | None


class ChangeRefused(Entry, frozen=True, kw_only=True, tag="rota.change-refused"):
    """A change that was asked for does not come: one of the two, or a supervisor, says so."""

    rota: str
    change: str
    reason: HashedText | None


class ChangeUndone(Entry, frozen=True, kw_only=True, tag="rota.change-undone"):
    """What a change made is as before from then on."""

    rota: str
    change: str


class ChangeLapsed(Entry, frozen=True, kw_only=True, tag="rota.change-lapsed"):
    """The time of a change came before everybody had agreed."""

    rota: str
    change: str
