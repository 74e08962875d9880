"""Entries of what a deployment's steps leave behind, and of who read it: certificates, evidence, its file, reports."""

from datetime import datetime
from typing import ClassVar, Literal

from fleet.entries.entry import Dpa, Entry, HashedText
from protocols.deployments import DeploymentKind, Step


class ReadinessJudged(Entry, frozen=True, kw_only=True, tag="readiness.judged"):
    """A unit of a deployment was judged by its latest report; `sha256` is of the certificate's exact text."""

    certificate: str
    item: str
    passed: bool
    valid_until: datetime
    sha256: str


class EvidenceGiven(Entry, frozen=True, kw_only=True, tag="checklist.evidence-given"):
    """Something was checked or measured for a step, by version `version` of its checklist (0: the program's own);
    `evidence` is what was found, as JSON."""

    step: Step
    version: int
    key: str
    met: bool
    evidence: HashedText


class ChecklistTemplateSet(Entry, frozen=True, kw_only=True, tag="checklist-template.set"):
    """What a kind of deployment asks for at a step was laid down anew; `sha256` is of its items' exact text."""

    deployment_kind: DeploymentKind
    step: Step
    version: int
    items: int
    sha256: str


class DeploymentFileRead(Entry, frozen=True, kw_only=True, tag="deployment.file-read"):
    """A deployment's whole file was handed to a person; `sha256` is of the JSON, of which a PDF is made too."""

    dpa: ClassVar[Dpa] = "disclosure"

    form: Literal["json", "pdf"]
    sha256: str


class ReportsRead(Entry, frozen=True, kw_only=True, tag="reports.read"):
    """A person looked at what was done in a time: use of kit, times taken, answers to alarms."""

    dpa: ClassVar[Dpa] = "consultation"

    starts_at: datetime
    ends_at: datetime
