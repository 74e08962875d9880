"""Entries of deployments. `deployment` of every entry is its number; a deployment is never said to be about anybody."""

from datetime import datetime
from typing import Literal

from fleet.entries.entry import Entry, HashedText
from protocols.access_record import Modality
from protocols.deployments import DeploymentKind, DeploymentState, Step, Work

Changed = Literal[
    "title",
    "site",
    "starts_at",
    "expected_back_at",
    "wants",
    "works",
    "modalities",
    "lead_id",
    "rota_id",
    "supervisor_id",
    "note",
]


class DeploymentRequested(Entry, frozen=True, kw_only=True, tag="deployment.requested"):
    """A deployment was asked for. `urgent` ones take the fast path: their paperwork follows."""

    deployment_kind: DeploymentKind
    site_code: str | None
    starts_at: datetime
    expected_back_at: datetime
    works: list[Work]
    modalities: list[Modality]
    lead: str | None
    rota: str | None
    supervisor: str | None
    urgent: bool
    title: HashedText
    note: HashedText | None


class DeploymentSet(Entry, frozen=True, kw_only=True, tag="deployment.set"):
    """What was asked for or planned is otherwise from version `version` on; `changed` says what, and the fields are as
    they are now."""

    version: int
    changed: list[Changed]
    site_code: str | None
    starts_at: datetime
    expected_back_at: datetime
    works: list[Work]
    modalities: list[Modality]
    lead: str | None
    rota: str | None
    supervisor: str | None
    title: HashedText | None
    note: HashedText | None


class VisitsSet(Entry, frozen=True, kw_only=True, tag="deployment.visits-set"):
    """Visits to come were planned or given up; `people` are all who take part in those that were planned, `sha256` is
    of the exact text of all that stand."""

    version: int
    planned: list[str]
    dropped: list[str]
    people: list[str]
    sha256: str


class KitKept(Entry, frozen=True, kw_only=True, tag="deployment.kit-kept"):
    """Items are kept for it from `starts_at` until `ends_at`, or are not any more."""

    version: int
    items: list[str]
    released: list[str]
    starts_at: datetime
    ends_at: datetime


class AuthoritiesNamed(Entry, frozen=True, kw_only=True, tag="deployment.authorities-named"):
    """The recorded authorities that it rests on."""

    version: int
    authority_ids: list[str]
    dropped: list[str]


class DeploymentChanged(Entry, frozen=True, kw_only=True, tag="deployment.changed"):
    """It went a step on, from a state to another. `warnings` are the rules that warned, for which `reason` is why."""

    step: Step
    from_state: DeploymentState
    to_state: DeploymentState
    warnings: list[str]
    reason: HashedText | None


class StepOwed(Entry, frozen=True, kw_only=True, tag="deployment.step-owed"):
    """The fast path went past a step, or through one without its papers: `person` owes them until `owed_until`."""

    step: Step
    owed_until: datetime
    person: str | None


class MadeUp(Entry, frozen=True, kw_only=True, tag="deployment.made-up"):
    """What the fast path went past is there now."""

    step: Step
