"""Checklists as lines: each item with its procedure, its limits, and the evidence there is. Pure."""

from collections.abc import Sequence

from protocols.api.checklists import ChecklistView, EvidenceView
from protocols.deployments import ChecklistItem, Step
from tui.deployment_words import Look, step_word
from tui.paint import EMPTY, Line, Span, Tone, fit, joined, wrap

_WIDE = 130

ASKS = {"tick": "space ticks it", "text": "enter asks for words", "number": "a digit begins the number"}
"""The keys that give each kind of evidence."""


def evidence_of(view: ChecklistView, key: str) -> EvidenceView | None:
    """The latest evidence for an item."""
    return next((one for one in view.evidence if one.key == key), None)


def limits_words(item: ChecklistItem) -> str:
    """`11.8 to 14.6 V`, `at least 5 V`, `°C`: what a number has to be, and its unit of measure."""
    unit = item.unit_of_measure
    if item.at_least is not None and item.at_most is not None:
        said = f"{item.at_least:g} to {item.at_most:g}"
    elif item.at_least is not None:
        said = f"at least {item.at_least:g}"
    elif item.at_most is not None:
        said = f"at most {item.at_most:g}"
    else:
        return f"in {unit}" if unit else ""
    return f"{said} {unit}".rstrip()


def found_words(item: ChecklistItem, evidence: EvidenceView | None) -> str:
    """What was found, as it is said."""
    if evidence is None:
        return ""
    if item.evidence == "number":
        return "" if evidence.number is None else f"{evidence.number:g} {item.unit_of_measure}".rstrip()
    return evidence.text if item.evidence == "text" else ""


def mark_of(item: ChecklistItem, evidence: EvidenceView | None) -> Span:
    """`✓` met, `✗` found and not met, `·` nothing found yet; what is not required is muted."""
    if evidence is None:
        return Span("· ", "fair" if item.required else "muted")
    return Span("✓ ", "good") if evidence.met else Span("✗ ", "bad")


def checklist_line(item: ChecklistItem, view: ChecklistView, width: int) -> Line:
    """One item: mark, what to check, its procedure, what was found or what is asked for."""
    evidence = evidence_of(view, item.key)
    found = found_words(item, evidence)
    asked = limits_words(item) if item.evidence == "number" else item.evidence if item.evidence == "text" else ""
    told = found or asked
    room = 30 if width > _WIDE else 18
    tone: Tone = "plain" if found and (evidence is None or evidence.met) else "bad" if found else "muted"
    end = Span(fit(told, room), tone)
    procedure = Span(fit(item.procedure, 7), "accent")
    text = Span(fit(item.text, max(20, width - room - 7 - 3)), "plain" if item.required else "muted")
    return (mark_of(item, evidence), text, Span(" "), procedure, end)


def detail_lines(item: ChecklistItem, view: ChecklistView, width: int, look: Look) -> list[Line]:
    """An item at length: its text, procedure and limits, who found what when."""
    evidence = evidence_of(view, item.key)
    lines: list[Line] = [(Span(" "), *line) for line in wrap(item.text, max(20, width - 2), "strong")]
    lines.append(
        joined(
            [
                (Span(f" procedure {item.procedure}" if item.procedure else " no procedure", "muted"),),
                (Span(limits_words(item)),) if item.evidence == "number" else EMPTY,
                (Span("required" if item.required else "may stay open", "muted"),),
                (Span(ASKS[item.evidence], "accent"),),
            ]
        )
    )
    if evidence is None:
        return [*lines, (Span(" nothing found yet", "muted"),)]
    said = found_words(item, evidence) or ("ticked" if evidence.ticked else "tick taken back")
    tone: Tone = "good" if evidence.met else "bad"
    met = "" if evidence.met else ", which does not meet it"
    return [*lines, (Span(f" {said}{met}", tone), Span(f"  {evidence.by}  {look.moment(evidence.at)}", "muted"))]


def title_line(deployment: str, views: Sequence[ChecklistView], chosen: Step | None, next_step: Step | None) -> Line:
    """Which step's checklist it is, what is missing, and the other steps that have one."""
    view = next((one for one in views if one.step == chosen), None)
    first: Line = (Span(f" CHECKLIST  {deployment}  ", "muted"),)
    if view is None:
        return first
    missing = len(view.missing)
    left: Line = (Span(f"{missing} missing", "fair"),) if missing else (Span("all met", "good"),)
    is_next: Line = (Span("the next step", "muted"),) if view.step == next_step else EMPTY
    others = [one for one in views if one.step != chosen and one.missing]
    more: Line = (
        (Span("→ ", "accent"), Span(", ".join(f"{step_word(one.step)} {len(one.missing)}" for one in others), "muted"))
        if others
        else EMPTY
    )
    return joined([(*first, Span(step_word(view.step), "title")), left, is_next, more])


def first_step(views: Sequence[ChecklistView], next_step: Step | None, owed: Sequence[Step]) -> Step | None:
    """Whose checklist comes first: the next step's where something is missing there, else one whose paper is owed,
    else the next step's or any."""
    by_step = {view.step: view for view in views}
    if next_step in by_step and by_step[next_step].missing:
        return next_step
    owing = next((step for step in owed if step in by_step and by_step[step].missing), None)
    if owing is not None:
        return owing
    return next_step if next_step in by_step else next(iter(by_step), None)


def evidence_sentence(me: str, deployment: str, step: Step, item: ChecklistItem, found: str) -> str:
    """What evidence leaves in the log."""
    return f"checklist.evidence-given: {me} finds for {item.key} of {step_word(step)}, {deployment}: {found}"
