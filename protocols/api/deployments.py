"""Deployments as the API shows them.

`GET /api/deployments` (query: `filter`, `state` (repeated), `kind`, `open_only`, `person`, `offset`, `limit` ≤ 200) →
DeploymentPage, nearest deadline first: the board of every deployment against its deadlines;
`GET /api/deployments/{id}` → DeploymentView, with what blocks each step that could be next;
`POST /api/deployments` with NewDeployment → DeploymentView: requested by the caller;
`PUT /api/deployments/{id}` with SetDeployment → DeploymentView: what was asked for or planned, until it is closed;
`PUT /api/deployments/{id}/visits` with SetVisits → DeploymentView: all visits that have not begun;
`PUT /api/deployments/{id}/kit` with SetKit → DeploymentView: the items kept for it; `pick` true: chosen by the
controller, from what is available, to fulfil `wants`;
`POST /api/deployments/{id}/steps/{step}` with StepAsked → DeploymentView, else 409 `blocked`, which names the rules;
`POST /api/deployments/{id}/authorities` with NamedAuthorities → DeploymentView: the recorded authorities it rests on;
`POST /api/deployments/{id}/readiness` → list[ReadinessView]: judge its units now, and keep the answer;
`POST /api/critical-incidents` with NewIncident → DeploymentView: the fast path.

Reading takes `see-deployments`; changing `work-deployment`; the steps `plan` and `close` `manage-deployments`;
`authorise` `authorise-deployment`, by somebody else than who requested it. Two people or units can not be in two
places: what overlaps is 409 `double-booked`, told with the other deployment.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.access_record import Modality
from protocols.api.kit import ItemView
from protocols.deployments import (
    Blocker,
    Deadline,
    DeploymentKind,
    DeploymentState,
    KitWanted,
    SiteCode,
    Step,
    TeamRole,
    VisitKind,
    Work,
)
from protocols.ids import AuthorityId, PersonId
from protocols.kit import ItemCode
from protocols.people import Moment
from protocols.rota.model import RotaId
from protocols.text import ONE_LINE

_Why = Annotated[str, Meta(max_length=200, pattern=ONE_LINE)]
_Version = Annotated[int, Meta(ge=1)]


class NewDeployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request. `title` is short and must not say whom it concerns. None of wants, works, modalities: the kind's
    template. Kit is kept from `starts_at` until `expected_back_at`, which is its expected return."""

    kind: DeploymentKind
    title: Annotated[str, Meta(min_length=1, max_length=60, pattern=ONE_LINE)]
    site: SiteCode | None = None
    starts_at: Moment
    expected_back_at: Moment
    wants: Annotated[list[KitWanted], Meta(max_length=20)] | None = None
    works: Annotated[list[Work], Meta(max_length=4)] | None = None
    modalities: Annotated[list[Modality], Meta(max_length=3)] | None = None
    lead: PersonId | None = None
    rota: RotaId | None = None
    supervisor: PersonId | None = None
    note: _Why = ""


class SetDeployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What changes; None stays. Where the times change, reservations move with them, or it is refused. From
    `authorised` on, kind, works, modalities and the site, where it has one, stay: another deployment is asked for.
    Those of an incident stay from when its authorisation was made up for, at the latest from when it is fitted."""

    based_on: _Version
    title: Annotated[str, Meta(min_length=1, max_length=60, pattern=ONE_LINE)] | None = None
    site: SiteCode | None = None
    starts_at: Moment | None = None
    expected_back_at: Moment | None = None
    wants: Annotated[list[KitWanted], Meta(max_length=20)] | None = None
    works: Annotated[list[Work], Meta(max_length=4)] | None = None
    modalities: Annotated[list[Modality], Meta(max_length=3)] | None = None
    lead: PersonId | None = None
    rota: RotaId | None = None
    supervisor: PersonId | None = None
    note: _Why | None = None


class Attending(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who takes part in a visit, as what."""

    person: PersonId
    role: TeamRole = "engineer"


class NewVisit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """People go there for a time. `away`: they stay over night or longer, which the rota then knows as a deployment
    away. `works` None: the deployment's for `fit`, `maintain` and `recover`, else `driving` only."""

    kind: VisitKind
    starts_at: Moment
    ends_at: Moment
    people: Annotated[list[Attending], Meta(min_length=1, max_length=20)]
    away: bool = False
    works: Annotated[list[Work], Meta(max_length=4)] | None = None


class SetVisits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The visits that have not begun, in place of those there were."""

    based_on: _Version
    visits: Annotated[list[NewVisit], Meta(max_length=40)]


class SetKit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The items kept for it. What is out for it already stays."""

    based_on: _Version
    items: Annotated[list[ItemCode], Meta(max_length=200)] = []
    pick: bool = False


class StepAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Go a step on. `reason` is needed for maintain, cancel, and where there are warnings. `window_h`: how long
    maintenance may take, hours."""

    based_on: _Version
    reason: _Why = ""
    window_h: Annotated[int, Meta(ge=1, le=24)] = 4


class NamedAuthorities(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The recorded authorities it rests on, in place of those there were."""

    based_on: _Version
    authorities: Annotated[list[AuthorityId], Meta(max_length=10)]


class NewIncident(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A critical incident: the caller goes, with what the controller picks (or `items`), now. What is skipped is owed
    as paperwork with dates. Nothing is fitted without an authority in force, an urgent oral one that an approver has
    recorded too. `going` records the caller's call-out where they are on call."""

    title: Annotated[str, Meta(min_length=1, max_length=60, pattern=ONE_LINE)] = "critical incident"
    site: SiteCode | None = None
    items: Annotated[list[ItemCode], Meta(max_length=20)] = []
    authorities: Annotated[list[AuthorityId], Meta(max_length=10)] = []
    hours: Annotated[int, Meta(ge=1, le=72)] = 24
    rota: RotaId | None = None
    going: bool = True


class VisitView(msgspec.Struct, frozen=True, kw_only=True):
    """A visit; `findings` say whether its people are right for it, as of now."""

    visit: str
    kind: VisitKind
    starts_at: datetime
    ends_at: datetime
    people: list[Attending]
    away: bool
    works: list[Work]
    findings: list[Blocker]


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step on the way. `done_at` None: to come. `skipped`: the fast path went past it; `owed_until` is when its
    paperwork is due, None when it was made up for. `blockers` are told of steps that could be next."""

    step: Step
    done_at: datetime | None
    done_by: str | None
    is_next: bool
    skipped: bool
    owed_until: datetime | None
    blockers: list[Blocker]


class AuthorityShown(msgspec.Struct, frozen=True, kw_only=True):
    """An authority that it rests on."""

    authority_id: str
    reference: str
    kinds: list[str]
    modalities: list[Modality]
    starts_at: datetime
    ends_at: datetime
    state: str
    urgent_oral: bool


class ReadinessLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a readiness certificate: the figure it used, with its age, and the limit."""

    name: str
    result: Literal["pass", "fail", "not-measured"]
    value: float | str | None
    limit: float | str | None
    unit_of_measure: str
    age_s: int | None
    reason: str


class ReadinessView(msgspec.Struct, frozen=True, kw_only=True):
    """A readiness certificate of one unit; `sha256` of its exact text is in the log. It holds for 12 h †."""

    certificate: str
    unit: str
    item: str
    issued_at: datetime
    issued_by: str
    valid_until: datetime
    passed: bool
    lines: list[ReadinessLine]
    sha256: str


class DeploymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the board. `next_step` is what comes next, `blocked_by` how many rules refuse it; `deadline` the
    nearest; `owed` how much paperwork; `alarms` open ones of its units and itself."""

    deployment: str
    kind: DeploymentKind
    title: str
    state: DeploymentState
    site: str | None
    lead: str | None
    starts_at: datetime
    expected_back_at: datetime
    next_step: Step | None
    blocked_by: int
    deadline: Deadline | None
    deadlines: int
    owed: int
    alarms: int
    units: list[str]


class DeploymentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `offset` … of `total`; `states` counts all that pass the other filters."""

    total: int
    offset: int
    rows: list[DeploymentRow]
    states: dict[str, int]


class DeploymentView(msgspec.Struct, frozen=True, kw_only=True):
    """All of one deployment."""

    row: DeploymentRow
    version: int
    requested_by: str
    requested_at: datetime
    rota: str | None
    supervisor: str | None
    wants: list[KitWanted]
    works: list[Work]
    modalities: list[Modality]
    note: str
    urgent: bool
    items: list[ItemView]
    visits: list[VisitView]
    authorities: list[AuthorityShown]
    steps: list[StepView]
    deadlines: list[Deadline]
    certificates: list[ReadinessView]
