"""What stops a step for want of papers: its checklist, paperwork of the fast path, open alarms. Pure."""

from collections.abc import Iterator

from fleet.deployments.rules.answers import TEAM, lead_of, listed, refused, warning
from fleet.deployments.rules.checklists import missing, unanswered
from fleet.deployments.rules.facts import Facts
from fleet.deployments.rules.steps import is_past
from protocols.deployments import Blocker, Step


def checklist_met(step: Step, facts: Facts) -> Iterator[Blocker]:
    """`checklist-open`. Once the kit was recovered nothing can be measured there any more: then evidence is enough,
    also of what was not as it should be."""
    checklist = facts.checklists.get(step)
    if checklist is None:
        return
    behind = is_past(facts.deployment.state, "recover") and step != "close"
    left = (unanswered if behind else missing)(checklist.items, checklist.evidence)
    if left:
        yield refused(
            "checklist-open",
            f"{len(left)} of the checklist of {step} {'is' if len(left) == 1 else 'are'} not met: {listed(left)}",
            TEAM,
            "enter what was checked and measured, or mend what is beyond its limits",
        )


def papers_made_up(facts: Facts) -> Iterator[Blocker]:
    """`papers-owed`, for closing."""
    for sentence, whose, remedy in _owed(facts):
        yield refused("papers-owed", sentence, whose, remedy)


def papers_told(facts: Facts) -> Iterator[Blocker]:
    """`papers-owed`, for cancelling: what was never fitted is given up with its paperwork."""
    for sentence, whose, remedy in _owed(facts):
        yield warning("papers-owed", sentence, whose, remedy)


def alarms_taken(facts: Facts) -> Iterator[Blocker]:
    """`alarms-untaken`, for closing. One that was taken may last: the unit is on its shelf, or out for another."""
    if facts.alarms_untaken:
        sentence = f"{_alarms(facts.alarms_untaken)} {'waits' if facts.alarms_untaken == 1 else 'wait'} for somebody"
        yield refused("alarms-untaken", sentence, lead_of(facts), "find out what each is, and acknowledge it")


def alarms_told(facts: Facts) -> Iterator[Blocker]:
    """`alarms-open`, for going live."""
    if facts.alarms_open:
        sentence = f"{_alarms(facts.alarms_open)} {'is' if facts.alarms_open == 1 else 'are'} open"
        yield warning("alarms-open", sentence, lead_of(facts), "find out what each is, and acknowledge it")


def _owed(facts: Facts) -> Iterator[tuple[str, str, str]]:
    for paper in facts.papers:
        yield (
            f"the paperwork of {paper.step} is owed until {paper.owed_until:%Y-%m-%d %H:%M} UTC",
            paper.owner or lead_of(facts),
            f"make up for it: what {paper.step} would have asked for",
        )


def _alarms(count: int) -> str:
    return f"{count} {'alarm' if count == 1 else 'alarms'} of it"
