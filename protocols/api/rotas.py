"""Rotas as the API shows them.

`GET /api/oncall` → list of OnCallNow: who is on call now, rota by rota;
`GET /api/rotas` → list of RotaSummary; `GET /api/rotas/{rota}` → RotaView;
`PUT /api/rotas/{rota}` with SetRota → RotaView: lays a rota down, or anew (409 unless `version` is the one in force);
`POST /api/rotas/{rota}/end` → RotaView: it asks for nobody any more, and stays to be read;
`GET /api/rotas/{rota}/book` (query: `since`, `until`) → RotaBook: what the rules need for a period, with the 26 weeks
before it. Those who may not see working time get it without others' terms, wishes, kinds of leave and work done, and
without anybody's debts, which follow from kinds of leave;
`GET /api/rotas/{rota}/check` (the same query, and `plan`) → Assessment: what the rules say of the period as it is
published, or as a plan would make it. Made by the controller; consoles check by themselves as people type;
`POST /api/rotas/{rota}/solves` with NewSolve → PlanView: begins to fill a period; the plan's `solving` tells how far;
`POST /api/rotas/{rota}/plans` with NewPlan → PlanView: turns given by hand; `GET /api/rotas/{rota}/plans` → list of
PlanView without `assigned`, newest first, at most 50; `GET /api/rota-plans/{plan}` → PlanView;
`POST /api/rota-plans/{plan}/stop` → PlanView: no more solving, the best so far stays;
`POST /api/rota-plans/{plan}/publish` with Publishing → PlanView; `POST /api/rota-plans/{plan}/discard` → PlanView.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.people import Moment
from protocols.rota.findings import Quality
from protocols.rota.model import Assigned, Position, Rota
from protocols.text import ONE_LINE

MAX_GIVEN = 500
"""How many turns a plan by hand may name; its body has to stay below 64 KiB."""

Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class OnCallPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a position, until when, and who has it next (None: nobody is known)."""

    position: Position
    person: str | None
    until: datetime | None
    next_person: str | None


class OnCallNow(msgspec.Struct, frozen=True, kw_only=True):
    """A rota at `at`. `signers` are those on call who may sign together with another who is, empty where no two may.
    `gap_at` is when the next gap in cover begins within 14 days, now where there is one now; `gap` says it in words."""

    rota: str
    name: str
    zone: str
    at: datetime
    positions: list[OnCallPerson]
    signers: list[str]
    gap_at: datetime | None
    gap: str


class RotaSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A rota in a list. `published_until` is up to when its turns were published, None: never."""

    rota: str
    name: str
    zone: str
    version: int
    members: int
    published_until: datetime | None
    ended_at: datetime | None


class SetRota(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rota as it is to be; `version` is the one that it replaces, 0 for a new one."""

    rota: Rota
    version: Annotated[int, Meta(ge=0, le=2**31 - 2)]


class RotaView(msgspec.Struct, frozen=True, kw_only=True):
    """A rota in force, or the last one before it ended."""

    rota: Rota
    version: int
    changed_by: str
    changed_at: datetime
    ended_at: datetime | None


class NewSolve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Fill `starts_at` … `ends_at`. The same rota, seed and `work_limit` (seconds of a deterministic clock, not of the
    wall's) give the same plan. `keep` what is published already, or plan everything anew but what has begun."""

    starts_at: Moment
    ends_at: Moment
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1
    work_limit: Annotated[int, Meta(ge=1, le=3600)] = 120
    keep: bool = False


class NewPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Turns given by hand in `starts_at` … `ends_at`; turns that it does not name stay as they are published.
    `based_on` is the rota's version that it was made for."""

    starts_at: Moment
    ends_at: Moment
    based_on: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    assigned: Annotated[list[Assigned], Meta(max_length=MAX_GIVEN)]


PlanState = Literal["solving", "draft", "failed", "published", "discarded"]


class Solving(msgspec.Struct, frozen=True, kw_only=True):
    """How far a solver is, or how it ended: `found` solutions, the best one's `objective`, a `bound` that no solution
    can be below; `trace` are seconds and objective of each better one. `ended` is None while it works; `conflicts` say
    why not everything could be kept."""

    seed: int
    elapsed_s: float
    found: int
    objective: float | None
    bound: float | None
    ended: Literal["optimal", "limit", "stopped", "infeasible", "failed"] | None
    conflicts: list[str] = []
    trace: list[tuple[float, float]] = []


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """Turns for a period that are not published yet, or were. `counts` are its findings by answer, `quality` its score;
    both None until it is solved, and in lists without `loads`. Those who may not see working time get of `quality` the
    score alone, and no `conflicts`. `based_on` is the rota's version."""

    plan: str
    rota: str
    starts_at: datetime
    ends_at: datetime
    based_on: int
    state: PlanState
    made_by: str
    made_at: datetime
    assigned: list[Assigned]
    solving: Solving | None
    counts: dict[str, int] | None
    quality: Quality | None
    published_by: str | None
    published_at: datetime | None


class Publishing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`despite` is why it is published with breaches or faults that were not there before; without it such a plan is
    refused."""

    despite: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""
