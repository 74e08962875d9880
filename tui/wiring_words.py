"""Sentences that deeds with harnesses leave in the log, and whose those deeds are. Pure."""

from collections.abc import Mapping

from protocols.wiring.findings import Assessment
from tui.role_words import Reserved
from tui.words import plural

SEEING = Reserved("seeing harnesses", "see-deployments")
RESERVED: Mapping[str, Reserved] = {
    "new": SEEING,
    "open": SEEING,
    "edit": Reserved("changing a harness", "work-deployment"),
    "keep": Reserved("keeping a harness", "work-deployment"),
    "give": Reserved("giving a harness", "work-deployment"),
    "fitted": Reserved("entering what was measured", "work-deployment"),
    "withdraw": Reserved("withdrawing a harness", "work-deployment"),
}


def kept_sentence(me: str, name: str, revision: int, assessment: Assessment) -> str:
    """What goes into the log when a plan is kept."""
    failed, unjudged = len(assessment.of("fail")), len(assessment.of("unjudged"))
    as_what = "a new harness" if revision == 1 else f"revision {revision}"
    checks = f"{failed} {'fails' if failed == 1 else 'fail'}, {unjudged} not judged"
    return f"harness.kept: {me} keeps {name} as {as_what}: {checks}"


def given_sentence(me: str, deployment: str, name: str, revision: int, item: str | None) -> str:
    """What goes into the log when a deployment is given a harness."""
    feeds = f" for {item}" if item else ""
    return f"deployment.harness-given: {me} gives {deployment} revision {revision} of {name}{feeds}"


def withdrawn_sentence(me: str, deployment: str, name: str, fittings: int) -> str:
    """What goes into the log when a harness is withdrawn."""
    stays = f"; what was measured stays ({plural(fittings, 'visit')})" if fittings else ""
    return f"deployment.harness-withdrawn: {me} withdraws {name} from {deployment}{stays}"
