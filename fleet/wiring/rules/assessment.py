"""Everything the rules say of a plan. Pure."""

from collections.abc import Iterable

from fleet.wiring.rules import (
    battery_rules,
    can_rules,
    cavity_rules,
    current_rules,
    cutoff_rules,
    drop_rules,
    fuse_rules,
    obd_rules,
    open_rules,
    practice_rules,
    sense_rules,
    short_rules,
    structure_rules,
    tap_rules,
    unfused_rules,
    vehicle_rules,
)
from fleet.wiring.rules.rule import Case, Rule
from protocols.wiring.findings import RULES, SEVERITY_ORDER, VERDICT_ORDER, Assessment, Judgement
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy

_MODULES = (
    battery_rules,
    can_rules,
    cavity_rules,
    current_rules,
    cutoff_rules,
    drop_rules,
    fuse_rules,
    obd_rules,
    open_rules,
    practice_rules,
    sense_rules,
    short_rules,
    structure_rules,
    tap_rules,
    unfused_rules,
    vehicle_rules,
)

ALL_RULES: tuple[Rule, ...] = tuple(
    sorted((one for module in _MODULES for one in module.RULES), key=lambda one: RULES.index(one.id))
)
"""Every rule, in the order of docs/wiring-rules.md."""


def assess(plan: Plan, policy: WiringPolicy | None = None) -> Assessment:
    """Judges a plan whose names are right (see `consistency`) by every rule, under a policy or the defaults."""
    case = Case(plan, policy or WiringPolicy())
    judgements = ordered(found for one in ALL_RULES for found in one.judge(case))
    return Assessment(judgements=judgements, curves=battery_rules.drain_curves(case))


def ordered(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Fails first, then what is not judged; by severity, rule and subject."""
    return sorted(
        judgements,
        key=lambda one: (
            VERDICT_ORDER.index(one.verdict),
            SEVERITY_ORDER.index(one.severity),
            RULES.index(one.rule),
            one.subject,
        ),
    )
