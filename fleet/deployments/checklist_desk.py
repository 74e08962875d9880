"""Checklists for those who work by them and those who lay them down; each change with its entry in one transaction."""

from datetime import datetime
from hashlib import sha256

import msgspec

from fleet.clock import Clock
from fleet.deployments.checklist_reading import Checklist, checklists_in_force
from fleet.deployments.facts_reading import known_deployment
from fleet.deployments.lookup import found_deployment, locked_going_on
from fleet.deployments.papers import make_up
from fleet.deployments.rules.checklists import default_items, met
from fleet.deployments.rules.facts import Evidence
from fleet.deployments.rules.steps import STEPS
from fleet.entries.deployment_papers import ChecklistTemplateSet, EvidenceGiven
from fleet.entries.entry import HashedText
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.store.checklists import StoredEvidence, StoredTemplate
from fleet.store.deployments import StoredDeployment
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.checklists import ChecklistView, NewEvidence, SetTemplate, TemplateView
from protocols.deployments import TEMPLATES, ChecklistItem, DeploymentKind, Step

MAX_EVIDENCE = 2000
"""How often evidence can be given for one deployment †."""


class ChecklistDesk:
    """Every method raises StoreUnavailable; those about one deployment NotFound; those that change something Conflict
    or RequestRefused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def checklists(self, deployment_id: str) -> list[ChecklistView]:
        """The checklists of a deployment, in the order of the steps."""
        async with self._store.transaction() as transaction:
            stored = await found_deployment(transaction, deployment_id)
            return [one.view() for one in await checklists_of(transaction, stored)]

    async def give(self, deployment_id: str, new: NewEvidence, caller: Person) -> ChecklistView:
        """Keep evidence for one item; what was given before stays. The first for a step settles its version."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            stored = await locked_going_on(transaction, deployment_id)
            found = next((one for one in await checklists_of(transaction, stored) if one.step == new.step), None)
            item = None if found is None else found.item(new.key)
            if found is None or item is None:
                raise NotFound(
                    "checklist-item-unknown",
                    f"the checklist of {new.step} of {deployment_id} has no item {new.key}",
                    f"list them: fleet deployment checklist {deployment_id}",
                )
            evidence = _evidence(item, new, caller, now)
            if await transaction.checklists.count_evidence(deployment_id) >= MAX_EVIDENCE:
                raise Conflict(
                    "too-much-evidence", f"{deployment_id} has {MAX_EVIDENCE} pieces of evidence", "close or recover it"
                )
            await transaction.checklists.begin(deployment_id, new.step, found.version, now)
            await transaction.checklists.add_evidence(deployment_id, evidence)
            await transaction.log.append(_entry(deployment_id, found.version, evidence))
            transaction.changed.deployments = True
            await make_up(transaction, await known_deployment(transaction, stored, now, caller), caller, now)
            others = [one for one in found.evidence if one.key != new.key]
        return msgspec.structs.replace(found, evidence=[*others, evidence]).view()

    async def templates(self) -> list[TemplateView]:
        """The checklists in force of every kind and step, those left out that ask for nothing and never did."""
        async with self._store.transaction() as transaction:
            laid_down = {(one.kind, one.step): one for one in await transaction.checklists.templates()}
        every = [_view(kind, step, laid_down.get((kind, step))) for kind in TEMPLATES for step in STEPS]
        return [one for one in every if one.items or one.version]

    async def set_template(self, kind: DeploymentKind, step: Step, wanted: SetTemplate, caller: Person) -> TemplateView:
        """Lay a checklist down, for steps that are begun from now on."""
        now = self._clock()
        check_items(wanted.items)
        new = StoredTemplate(
            kind=kind,
            step=step,
            version=wanted.version + 1,
            items=wanted.items,
            changed_by=caller.person_id,
            changed_at=now,
        )
        async with self._store.transaction() as transaction:
            text = await transaction.checklists.add_template(new)
            if text is None:
                newest = await transaction.checklists.template(kind, step)
                version = 0 if newest is None else newest.version
                raise Conflict(
                    "checklist-changed",
                    f"the checklist of {kind} at {step} is in version {version}, not {wanted.version}",
                    "look at it again, and lay it down on top of that version",
                )
            await transaction.log.append(
                ChecklistTemplateSet(
                    at=now,
                    actor=caller.person_id,
                    deployment_kind=kind,
                    step=step,
                    version=new.version,
                    items=len(new.items),
                    sha256=sha256(text.encode()).hexdigest(),
                )
            )
            transaction.changed.deployments = True
        return _view(kind, step, new)


async def checklists_of(transaction: Transaction, stored: StoredDeployment) -> list[Checklist]:
    """The checklists of a deployment, in the order of the steps."""
    those = [stored.deployment_id]
    return checklists_in_force(
        stored.kind,
        await transaction.checklists.templates(),
        (await transaction.checklists.begun(those)).get(stored.deployment_id, []),
        (await transaction.checklists.latest(those)).get(stored.deployment_id, []),
    )


def check_items(items: list[ChecklistItem]) -> None:
    """Raise RequestRefused for a checklist that names an item twice, or has limits that nothing can meet."""
    keys = [one.key for one in items]
    for one in items:
        if keys.count(one.key) > 1:
            raise RequestRefused("checklist-unusable", f"two items are called {one.key}", "give each a name of its own")
        limits = [limit for limit in (one.at_least, one.at_most) if limit is not None]
        if (limits or one.unit_of_measure) and one.evidence != "number":
            raise RequestRefused(
                "checklist-unusable",
                f"{one.key} has limits or a unit of measure, and asks for no number",
                "let its evidence be a number, or leave them out",
            )
        if limits != sorted(limits):
            raise RequestRefused(
                "checklist-unusable", f"nothing is within the limits of {one.key}", "let at_most be at_least or more"
            )


def _evidence(item: ChecklistItem, new: NewEvidence, caller: Person, now: datetime) -> StoredEvidence:
    """What is kept; raises RequestRefused for evidence of another kind than the item asks for."""
    given = {"tick": True, "text": bool(new.text.strip()), "number": new.number is not None}
    others = {"tick": new.ticked, "text": bool(new.text), "number": new.number is not None}
    del others[item.evidence]
    if not given[item.evidence] or any(others.values()):
        measure = f" in {item.unit_of_measure}" if item.unit_of_measure else ""
        raise RequestRefused(
            "evidence-unfit", f"{item.key} asks for a {item.evidence}{measure}", "give that, and that alone"
        )
    said = Evidence(key=item.key, ticked=new.ticked, text=new.text, number=new.number)
    return StoredEvidence(
        step=new.step,
        key=item.key,
        ticked=new.ticked,
        text=new.text,
        number=new.number,
        met=met(item, said),
        by=caller.person_id,
        at=now,
    )


def _entry(deployment_id: str, version: int, evidence: StoredEvidence) -> EvidenceGiven:
    said = {"ticked": evidence.ticked, "text": evidence.text, "number": evidence.number}
    return EvidenceGiven(
        at=evidence.at,
        actor=evidence.by,
        deployment=deployment_id,
        step=evidence.step,
        version=version,
        key=evidence.key,
        met=evidence.met,
        evidence=HashedText(msgspec.json.encode(said).decode()),
    )


def _view(kind: DeploymentKind, step: Step, laid_down: StoredTemplate | None) -> TemplateView:
    if laid_down is None:
        return TemplateView(kind=kind, step=step, version=0, items=list(default_items(kind, step)))
    return TemplateView(kind=kind, step=step, version=laid_down.version, items=laid_down.items)
