"""Which checklist a deployment's step goes by, with what was found. Pure."""

from collections.abc import Iterable

import msgspec

from fleet.deployments.rules.checklists import default_items, missing
from fleet.deployments.rules.facts import ChecklistFacts, Evidence
from fleet.deployments.rules.steps import STEPS
from fleet.store.checklists import Begun, StoredEvidence, StoredTemplate
from protocols.api.checklists import ChecklistView
from protocols.deployments import ChecklistItem, DeploymentKind, Step


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """A step's checklist and the latest evidence for its items; version 0 is the program's own."""

    step: Step
    version: int
    items: list[ChecklistItem]
    evidence: list[StoredEvidence]

    @property
    def facts(self) -> ChecklistFacts:
        """As the rules know it."""
        return ChecklistFacts(items=self.items, evidence={one.key: evidence_of(one) for one in self.evidence})

    def item(self, key: str) -> ChecklistItem | None:
        """The item of that name."""
        return next((one for one in self.items if one.key == key), None)

    def view(self) -> ChecklistView:
        """As the API shows it: evidence in the order of the items."""
        found = {one.key: one for one in self.evidence}
        facts = self.facts
        return ChecklistView(
            step=self.step,
            version=self.version,
            items=self.items,
            evidence=[found[item.key].view() for item in self.items if item.key in found],
            missing=missing(facts.items, facts.evidence),
        )


def evidence_of(stored: StoredEvidence) -> Evidence:
    """Evidence as the rules know it."""
    return Evidence(key=stored.key, ticked=stored.ticked, text=stored.text, number=stored.number)


def checklists_in_force(
    kind: DeploymentKind,
    templates: Iterable[StoredTemplate],
    begun: Iterable[Begun],
    evidence: Iterable[StoredEvidence],
) -> list[Checklist]:
    """The checklists of a deployment of `kind`, in the order of the steps, without those that ask for nothing: of the
    version with which a step was begun, else of the newest of `templates`, else the program's own."""
    laid_down = {one.step: one for one in templates if one.kind == kind}
    started = {one.step: one for one in begun}
    given: dict[Step, list[StoredEvidence]] = {}
    for one in evidence:
        given.setdefault(one.step, []).append(one)
    found = []
    for step in STEPS:
        version, items = _items(kind, step, started.get(step), laid_down.get(step))
        if items:
            found.append(Checklist(step=step, version=version, items=items, evidence=given.get(step, [])))
    return found


def _items(
    kind: DeploymentKind, step: Step, begun: Begun | None, laid_down: StoredTemplate | None
) -> tuple[int, list[ChecklistItem]]:
    if begun is not None and begun.items is not None:
        return begun.version, begun.items
    if begun is None and laid_down is not None:
        return laid_down.version, laid_down.items
    return 0, list(default_items(kind, step))
