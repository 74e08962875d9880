"""What waits for somebody, as the API shows it.

`GET /api/duties` → list of Duty: what waits for the caller, or for anybody, of authorities and mandates (for those who
may see mandates), and what waits for the caller of rotas and deployments; most urgent first, at most 200.
"""

from datetime import datetime
from typing import Literal

import msgspec

MandateDutyKind = Literal[
    "sign", "statement-due", "statement-overdue", "review-due", "review-overdue", "authority-ending", "kit-out"
]
"""Of mandates and authorities: sign a mandate (only the caller's own are told), have the written statement of an urgent
oral authority made, hold the review of an authority, decide whether an authority that ends within a week is renewed,
bring back the unit of a cancelled mandate."""

RotaDutyKind = Literal[
    "cover-gap",
    "shift-soon",
    "swap-asked",
    "swap-approve",
    "competence-ending",
    "rest-owed",
    "call-out-open",
    "rota-ends",
]
"""Of rotas, told only to those whose they are: find somebody for a gap in cover (supervisors), be on call soon (the
person), say whether one agrees to a swap or take-over (the other person), decide on one (supervisors who are not of the
two), renew a competence (the person, supervisors), plan compensatory rest (the person, supervisors), say when somebody
was back (the person, supervisors), publish turns (supervisors)."""

DeploymentDutyKind = Literal["deadline", "paper-owed", "visit-soon", "authority-wanted", "welfare-due", "handover-due"]
"""Of deployments, told only to those whose they are: meet a deadline (its owner; supervisors within 72 h; what the
kinds of authorities above tell is not told again), make up for a step that the fast path went past (its owner,
supervisors), go on a visit soon (who is of it), have an authority recorded for a deployment that has none (its lead,
approvers), answer a welfare timer (the person; when it was missed, supervisors: see after them), acknowledge a handover
(outgoing and incoming primary)."""

DutyKind = MandateDutyKind | RotaDutyKind | DeploymentDutyKind


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for a person. `about` is the id of the mandate, authority, rota, change, call-out,
    deployment, visit, welfare timer or handover (of `handover-due` without a sheet the rota's); of `deadline` and
    `paper-owed` the deployment and what is due of it, `DEP-121:A-…`. `name` is what people call it by: the unit's
    label, the authority's reference, the rota's name, the deployment's number, the person. `due_at` is when it has to
    be done, or since when it is waited for (`kit-out`, `call-out-open`, `rest-owed`). `is_alarm` stays until it is
    done. `rota` is the rota that it is of, `deployment` the deployment, or the first that rests on an authority."""

    kind: DutyKind
    about: str
    name: str
    unit: str | None
    sentence: str
    due_at: datetime
    is_alarm: bool
    rota: str | None = None
    deployment: str | None = None
