"""Whether what a checklist asks for was found. Pure."""

from collections.abc import Mapping, Sequence
from math import isfinite

from fleet.deployments.rules.checklist_templates import COMMON, OF_KIND
from fleet.deployments.rules.facts import Evidence
from protocols.deployments import ChecklistItem, DeploymentKind, Step


def default_items(kind: DeploymentKind, step: Step) -> list[ChecklistItem]:
    """The checklist of a kind and step until somebody sets another †: what every kind checks, then its own; empty where
    the step has none."""
    return [*COMMON.get(step, ()), *OF_KIND.get((kind, step), ())]


def answered(item: ChecklistItem, evidence: Evidence | None) -> bool:
    """Whether there is evidence of the kind that the item asks for, whatever it says."""
    if evidence is None:
        return False
    if item.evidence == "tick":
        return evidence.ticked
    if item.evidence == "text":
        return bool(evidence.text.strip())
    return evidence.number is not None and isfinite(evidence.number)


def met(item: ChecklistItem, evidence: Evidence | None) -> bool:
    """Whether the item is met: ticked, a text that is not blank, or a number within its limits, which include their
    boundary."""
    if not answered(item, evidence):
        return False
    if item.evidence != "number" or evidence is None or evidence.number is None:
        return True
    over = item.at_least is None or evidence.number >= item.at_least
    return over and (item.at_most is None or evidence.number <= item.at_most)


def missing(items: Sequence[ChecklistItem], evidence: Mapping[str, Evidence]) -> list[str]:
    """The keys of the required items that are not met, in order."""
    return [one.key for one in items if one.required and not met(one, evidence.get(one.key))]


def unanswered(items: Sequence[ChecklistItem], evidence: Mapping[str, Evidence]) -> list[str]:
    """The keys of the required items without evidence, in order."""
    return [one.key for one in items if one.required and not answered(one, evidence.get(one.key))]
