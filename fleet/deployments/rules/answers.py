"""What a rule answers, and words that several rules say. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from fleet.deployments.rules.facts import Facts, ItemFacts
from protocols.deployments import Blocker

SUPERVISOR = "a supervisor"
APPROVER = "whoever authorises it; an approver records it"
TEAM = "whoever does the work"


def refused(rule: str, sentence: str, whose: str, remedy: str) -> Blocker:
    """Stops the step."""
    return Blocker(rule=rule, answer="refused", sentence=sentence, whose=whose, remedy=remedy)


def warning(rule: str, sentence: str, whose: str, remedy: str) -> Blocker:
    """Does not stop the step; whoever goes it says why."""
    return Blocker(rule=rule, answer="warning", sentence=sentence, whose=whose, remedy=remedy)


def listed(words: Iterable[str], most: int = 6) -> str:
    """Words after each other, as `K-0001, K-0002 and 3 more`."""
    every = list(words)
    if len(every) <= most:
        return ", ".join(every)
    return f"{', '.join(every[:most])} and {len(every) - most} more"


def lead_of(facts: Facts) -> str:
    """Who acts for the deployment, in a sentence."""
    return facts.deployment.lead or facts.deployment.supervisor or "its lead"


def held_items(facts: Facts) -> list[ItemFacts]:
    """The items that are kept or out for it now."""
    return [one for one in facts.items if one.is_kept or one.is_out]


def unit_items(items: Sequence[ItemFacts]) -> Iterator[tuple[ItemFacts, str]]:
    """The items that are units which have joined, each with its unit."""
    return ((one, one.unit) for one in items if one.unit is not None)
