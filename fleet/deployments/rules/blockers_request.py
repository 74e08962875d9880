"""What has to be known before a deployment is feasible: place, kit, times. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from fleet.deployments.rules.answers import SUPERVISOR, lead_of, refused, warning
from fleet.deployments.rules.facts import Facts
from fleet.deployments.rules.matching import said
from protocols.deployments import Blocker, DeploymentKind
from protocols.health import standing

MOVING: frozenset[DeploymentKind] = frozenset({"property-tracking", "vehicle-tracking"})
"""Kinds whose kit has no place of its own: they need no site."""

SURVEY_HOLDS = timedelta(days=180)
"""How long a survey is believed without a warning †."""


def time_left(facts: Facts) -> Iterator[Blocker]:
    """`time-past`."""
    ends = facts.deployment.expected_back_at
    if ends <= facts.now:
        yield refused(
            "time-past",
            f"it was to be over at {ends:%Y-%m-%d %H:%M} UTC",
            lead_of(facts),
            "set a later end, or cancel it",
        )


def something_wanted(facts: Facts) -> Iterator[Blocker]:
    """`nothing-wanted`, `modalities-missing`."""
    deployment = facts.deployment
    if not deployment.wants:
        yield refused("nothing-wanted", "it wants no kit", lead_of(facts), "say which kit it wants, and how much")
    if not deployment.modalities and any(one.kind == "unit" for one in deployment.wants):
        yield refused(
            "modalities-missing",
            "it wants a unit, and nothing says for which modalities",
            lead_of(facts),
            "name video, audio or position, as it was asked for",
        )


def place_known(facts: Facts) -> Iterator[Blocker]:
    """`site-missing`; of a site that is known, `survey-missing`, `survey-old`, `supply-none` and `signal-poor`."""
    if facts.deployment.kind in MOVING:
        return
    site = facts.site
    if site is None:
        yield refused("site-missing", "it has no site", lead_of(facts), "name the site's code, or make one")
        return
    if site.surveyed_at is None:
        yield warning("survey-missing", f"{site.site} was never surveyed", lead_of(facts), "have it surveyed")
        return
    if facts.now - site.surveyed_at > SURVEY_HOLDS:
        yield warning(
            "survey-old",
            f"{site.site} was surveyed last at {site.surveyed_at:%Y-%m-%d}, more than {SURVEY_HOLDS.days} days ago",
            lead_of(facts),
            "have it surveyed again",
        )
    if site.supply == "none" and not any(one.kind == "battery" for one in facts.deployment.wants):
        yield warning(
            "supply-none",
            f"there is no supply at {site.site}, and no battery is wanted",
            lead_of(facts),
            "want a battery",
        )
    if standing("rsrp_dbm", site.best_rsrp_dbm) == "bad":
        yield warning(
            "signal-poor",
            f"the strongest network at {site.site} was measured at {site.best_rsrp_dbm:g} dBm",
            lead_of(facts),
            "plan an antenna with gain, or another place for it",
        )


def kit_owned(facts: Facts) -> Iterator[Blocker]:
    """`kit-not-owned`, `kit-not-free`."""
    for wanted, has in zip(facts.deployment.wants, facts.wanted, strict=True):
        if has.owned < wanted.count:
            yield refused(
                "kit-not-owned",
                f"it wants {wanted.count} of {said(wanted)}, and there are {has.owned} on the books",
                SUPERVISOR,
                "want other kit, or have some added",
            )
        elif has.free < wanted.count:
            yield warning(
                "kit-not-free",
                f"it wants {wanted.count} of {said(wanted)}, and {has.free} of {has.owned} are free then",
                SUPERVISOR,
                "move it, want other kit, or have some released by another deployment",
            )
