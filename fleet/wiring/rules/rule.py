"""What a rule is: an id, a severity, a formula, and a pure function from a case to what it found. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from fleet.wiring.rules.electric import Unknown, Worked
from fleet.wiring.rules.network import Network
from fleet.wiring.rules.tables import sizes
from protocols.wiring.findings import Judgement, RuleId, Severity, Verdict
from protocols.wiring.plan import Plan
from protocols.wiring.policy import WiringPolicy


class Case:
    """A plan under a policy, with its network."""

    def __init__(self, plan: Plan, policy: WiringPolicy) -> None:
        self.plan = plan
        self.policy = policy

    @cached_property
    def network(self) -> Network:
        """How the plan's points hang together."""
        return Network(self.plan)

    @property
    def hot_c(self) -> float:
        """The temperature that hot drops are judged at, degrees Celsius: the policy's, or the plan's where higher."""
        return max(self.policy.hot_c, self.plan.hot_c or self.policy.hot_c)


class Found(NamedTuple):
    """What a rule says of one subject; see `Judgement`."""

    verdict: Verdict
    subject: str
    sentence: str
    remedy: str = ""
    figures: Mapping[str, float] | None = None
    unverified: Iterable[str] = ()
    needs: Iterable[str] = ()


class Rule(NamedTuple):
    """A rule. `formula` is what has to hold, in the names of its figures."""

    id: RuleId
    severity: Severity
    formula: str
    find: Callable[[Case], Iterator[Found]]

    def judge(self, case: Case) -> Iterator[Judgement]:
        """What the rule says of a case: nothing where it does not apply."""
        for found in self.find(case):
            yield Judgement(
                rule=self.id,
                severity=self.severity,
                verdict=found.verdict,
                subject=found.subject,
                sentence=found.sentence,
                remedy=_asked_for(case.plan, found) if found.verdict == "unjudged" else found.remedy,
                formula=self.formula,
                figures=dict(found.figures or {}),
                unverified=list(found.unverified),
                needs=list(found.needs),
            )


def rule(rule_id: RuleId, severity: Severity, formula: str = "") -> Callable[[Callable[[Case], Iterator[Found]]], Rule]:
    """Make a function the rule `rule_id`."""
    return lambda find: Rule(rule_id, severity, formula, find)


def at_most(value: float, limit: float) -> bool:
    """Whether `value` ≤ `limit`, the limit included however the two were rounded on the way."""
    return value <= limit + 1e-9 * max(1.0, abs(limit))


def at_least(value: float, limit: float) -> bool:
    """Whether `value` ≥ `limit`, the limit included however the two were rounded on the way."""
    return at_most(limit, value)


def unjudged(subject: str, about: str, *figures: Worked) -> Found:
    """That `about` can not be judged, because of what the unknown `figures` need."""
    needs = [need for figure in figures if isinstance(figure, Unknown) for need in figure.needs]
    return missing(subject, about, list(dict.fromkeys(needs)))


def missing(subject: str, about: str, needs: list[str]) -> Found:
    """That `about` can not be judged while the plan does not say `needs`, paths in it."""
    return Found("unjudged", subject, f"{about} can not be judged", needs=needs)


def _asked_for(plan: Plan, found: Found) -> str:
    """What to do about something unjudged: say what is missing, or take a size that the tables have."""
    unsaid: list[str] = []
    unlisted: dict[str, list[str]] = {}
    for need in found.needs:
        name = need.removeprefix("conductors.").removesuffix(".csa_mm2")
        sized = plan.conductors.get(name) if need == f"conductors.{name}.csa_mm2" else None
        if sized is None or sized.csa_mm2 is None:
            unsaid.append(need)
        else:
            larger = next((size for size in sizes(sized.type, sized.resistance) if size > sized.csa_mm2), None)
            instead = f"take {larger:g} mm²" if larger is not None else "take a smaller size"
            what = f"the tables of {sized.type} and {sized.resistance} have no {sized.csa_mm2:g} mm²: {instead}"
            unlisted.setdefault(what, []).append(name)
    said = [f"say {', '.join(unsaid)}"] if unsaid else []
    return "; ".join([*said, *(f"{what} for {', '.join(names)}" for what, names in unlisted.items())])
