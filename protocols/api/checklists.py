"""Checklists of a kind of deployment and a step, with evidence as text and numbers.

`GET /api/deployments/{id}/checklists` → list[ChecklistView]; `POST /api/deployments/{id}/evidence` with NewEvidence →
ChecklistView (`work-deployment`); `GET /api/checklist-templates` → list[TemplateView]; `PUT
/api/checklist-templates/{kind}/{step}` with SetTemplate → TemplateView (`manage-deployments`).
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.deployments import (
    ChecklistItem,
    DeploymentKind,
    Step,
)
from protocols.text import ONE_LINE


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """What was found at one item of a checklist."""

    key: str
    ticked: bool
    text: str
    number: float | None
    met: bool
    by: str
    at: datetime


class ChecklistView(msgspec.Struct, frozen=True, kw_only=True):
    """A step's checklist, of the version that was in force when the step was begun; evidence is the latest of each."""

    step: Step
    version: int
    items: list[ChecklistItem]
    evidence: list[EvidenceView]
    missing: list[str]


class NewEvidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Evidence for one item: a tick, a text or a number, as the item asks."""

    step: Step
    key: Annotated[str, Meta(min_length=2, max_length=40, pattern=ONE_LINE)]
    ticked: bool = False
    text: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""
    number: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None


class TemplateView(msgspec.Struct, frozen=True, kw_only=True):
    """The checklist of a kind and step, by the unit's own procedures."""

    kind: DeploymentKind
    step: Step
    version: int
    items: list[ChecklistItem]


class SetTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A checklist as it shall be for steps begun from now on; `version` is the one that was seen, 0 for none."""

    version: Annotated[int, Meta(ge=0)]
    items: Annotated[list[ChecklistItem], Meta(max_length=60)]
