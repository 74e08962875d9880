"""What the rules know of a deployment, read in one transaction. Instants are aware, in UTC."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from protocols.access_record import Modality
from protocols.api.authorities import AuthorityKind, AuthorityState
from protocols.api.mandates import MandateState
from protocols.api.sites import Supply
from protocols.api.units import Presence, UnitState
from protocols.deployments import (
    Blocker,
    ChecklistItem,
    DeploymentKind,
    DeploymentState,
    KitWanted,
    Step,
    TeamRole,
    VisitKind,
    Work,
)
from protocols.health import HealthReport
from protocols.joining import KeyProtection
from protocols.kit import ItemKind
from protocols.mandate import MandateKind
from protocols.people import Role
from protocols.rota.member import Absence, Competence
from protocols.rota.model import CoveredPosition


class DeploymentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The deployment's row. `state_since` is when its latest step was gone, at first when it was requested."""

    deployment: str
    kind: DeploymentKind
    state: DeploymentState
    state_since: datetime
    requested_by: str
    site: str | None
    starts_at: datetime
    expected_back_at: datetime
    wants: Sequence[KitWanted]
    works: Sequence[Work]
    modalities: Sequence[Modality]
    lead: str | None
    rota: str | None
    supervisor: str | None
    urgent: bool


class WantedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One of `wants`, in their order: how many items of that kind (and model) the house has that are neither lost nor
    disposed of, and how many of them are free for it. Free is an item that no other deployment has kept in any part of
    `starts_at` … `expected_back_at` and no other has out now; those kept for this one are free for it."""

    owned: int
    free: int


class ItemFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An item that is kept for the deployment, is out for it, or was out for it and is back.

    `is_kept`: its reservation for it is not released. `is_out`: it is out for it now, or was lost while it was.
    `was_out`: a movement took it out for it, and it is not out for it any more. `is_gone`: it is lost or disposed of.
    `stopped`: why it can not go out for it now, as `what_stops` of `fleet.kit.rules.standing` says with the deployment
    and its `expected_back_at`; empty for what is out for it.
    `unit` is the unit that an item of kind `unit` is, None before it joined. `training` is its model's, empty for none.
    `maintenance_due_at` is the earliest date of its maintenance, None where none goes by date.
    """

    item: str
    kind: ItemKind
    model: str
    unit: str | None = None
    is_kept: bool = True
    is_out: bool = False
    was_out: bool = False
    is_gone: bool = False
    stopped: Sequence[Blocker] = ()
    training: str = ""
    maintenance_due_at: datetime | None = None


class UnitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the deployment's items that are kept or out. Steps depend on `state` only; all else is for its
    readiness. `modalities` are the deployment's.

    `received_at` is when its latest report came, `report` that report; both None before the first. `sampled_at` is when
    it was sampled by the unit's own clock. `dropped_before` is `spool_dropped` of the oldest report of the hour before
    it, of the same spool, None where there is none. `certificate_ends_at` is the end of its latest certificate that is
    not revoked. `access_in_step`: whether the records of the unit's chain that it claims are those the controller has;
    None when it has claimed nothing. `checked_at` and `check_passed` are of its latest check that ended and was judged.
    `check_allowed`: a mandate for it that allows video or audio was live at some time in the 24 h before.
    """

    unit: str
    item: str
    label: str
    state: UnitState
    key_protection: KeyProtection
    presence: Presence
    modalities: Sequence[Modality]
    received_at: datetime | None = None
    sampled_at: datetime | None = None
    report: HealthReport | None = None
    dropped_before: int | None = None
    certificate_ends_at: datetime | None = None
    access_in_step: bool | None = None
    checked_at: datetime | None = None
    check_passed: bool | None = None
    check_allowed: bool = False


class AttendingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes part in a visit, as what."""

    person: str
    role: TeamRole = "engineer"


class VisitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that was not dropped, also one that is over. `trainings` are those of the models of the items that are
    kept or out, for visits in which kit is fitted or maintained (`fit`, `maintain`); else empty."""

    visit: str
    kind: VisitKind
    starts_at: datetime
    ends_at: datetime
    people: Sequence[AttendingFacts]
    works: Sequence[Work]
    away: bool = False
    trainings: Sequence[str] = ()


class OtherVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit, not dropped, of a person for some deployment."""

    visit: str
    deployment: str
    starts_at: datetime
    ends_at: datetime


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody has a position on a rota, `primary` or `secondary`, from the schedule with its changes
    (`fleet.rota.rules.schedule.on_call`)."""

    rota: str
    position: CoveredPosition
    starts_at: datetime
    ends_at: datetime


class PersonFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether somebody can go.

    `term_from` … `term_until` (half-open) is their term in the people list. `competences` are those that a supervisor
    keeps of them (`WorkingTerms.competences`); each counts up to the end of the day `valid_until` in `zone`, the zone
    of the deployment's rota or, without one, Europe/London. `absences` are those not withdrawn that end after now,
    without the `away` ones that visits of this deployment wrote. `visits` are theirs of any deployment, this one too,
    which end after now. `on_call` is theirs on any rota, with a part in the visits that are judged, or now.
    `rest_until` is the earliest instant at which they may begin duty again (`fleet.rota.rules.rest.earliest_start`)
    after the latest call-out, work or duty that is over or begun, None where none ended in the 11 h before now.
    """

    person: str
    role: Role
    term_from: datetime
    term_until: datetime
    competences: Sequence[Competence] = ()
    zone: str = "Europe/London"
    absences: Sequence[Absence] = ()
    visits: Sequence[OtherVisit] = ()
    on_call: Sequence[OnCall] = ()
    rest_until: datetime | None = None


class AuthorityFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An authority that the deployment rests on, as it is now; `lapses_at`, `state` and `statement_due_at` as
    `fleet.store.stored_authority.Authority` tells them. Those that were named and dropped are left out."""

    authority_id: str
    reference: str
    kinds: Sequence[AuthorityKind]
    modalities: Sequence[Modality]
    starts_at: datetime
    lapses_at: datetime
    state: AuthorityState
    recorded_by: str
    urgent_oral: bool = False
    statement_due_at: datetime | None = None
    statement_at: datetime | None = None
    next_review_at: datetime | None = None


class MandateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate, live or to come, of a unit among the items, whoever drafted it; `state` is where it stands now."""

    mandate: str
    kind: MandateKind
    unit: str
    state: MandateState
    modalities: Sequence[Modality]
    not_before: datetime
    not_after: datetime


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The latest evidence for an item of a checklist."""

    key: str
    ticked: bool = False
    text: str = ""
    number: float | None = None


class ChecklistFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The checklist of a step: the version it was begun with, or the one in force now; the latest evidence of each."""

    items: Sequence[ChecklistItem]
    evidence: Mapping[str, Evidence] = {}


class CertificateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The latest readiness certificate of a unit for this deployment."""

    certificate: str
    item: str
    unit: str
    issued_at: datetime
    valid_until: datetime
    passed: bool


class SiteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The site by its latest survey; None: it has none. `best_rsrp_dbm` is the strongest network's."""

    site: str
    surveyed_at: datetime | None = None
    supply: Supply | None = None
    best_rsrp_dbm: float | None = None


class PaperFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A step that the fast path went past and that nobody has made up for yet."""

    step: Step
    owed_until: datetime
    owner: str | None = None


class CallerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks to go a step."""

    person: str
    role: Role


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the rules of one deployment need, as of `now`.

    `wanted` has an entry for each of the deployment's `wants`. `people` has everybody of `visits`, and the caller, by
    person id. `checklists` may lack steps that have none. `papers` are the open ones. `alarms_open` counts open alarms
    of the deployment and of its units, `alarms_untaken` those of them that nobody has acknowledged. `has_on_call`:
    somebody is on call now on its rota, or on the one that is paged where it names none. `caller` None: nobody asks
    (the board, a watch); then nothing is said of who may.
    """

    deployment: DeploymentFacts
    wanted: Sequence[WantedFacts]
    items: Sequence[ItemFacts]
    units: Sequence[UnitFacts]
    visits: Sequence[VisitFacts]
    people: Mapping[str, PersonFacts]
    authorities: Sequence[AuthorityFacts]
    mandates: Sequence[MandateFacts]
    checklists: Mapping[Step, ChecklistFacts]
    certificates: Sequence[CertificateFacts]
    site: SiteFacts | None
    papers: Sequence[PaperFacts]
    alarms_open: int
    alarms_untaken: int
    has_on_call: bool
    now: datetime
    caller: CallerFacts | None
