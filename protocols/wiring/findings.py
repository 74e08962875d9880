"""What the rules say of a plan."""

from typing import Literal, get_args

import msgspec

RuleId = Literal[
    "fuse-protects-cable",
    "downstream-conductor",
    "return-conductor",
    "conductor-load",
    "fuse-carries-load",
    "fuse-holder",
    "fuse-standard",
    "fuse-distance",
    "short-blows-fuse",
    "drop-cold",
    "drop-hot",
    "drop-cranking",
    "supply-window",
    "load-dump",
    "standing-drain",
    "days-to-no-start",
    "splice-total",
    "cavity-used-twice",
    "cavity-rating",
    "cavity-size",
    "open-circuit",
    "two-ways",
    "unfused-positive",
    "fused-negative",
    "parallel-fuses",
    "supply-to-return",
    "forbidden-tap",
    "tapped-circuit",
    "obd-pin",
    "can-stub",
    "can-bus",
    "can-termination",
    "can-listen-only",
    "colour-continuity",
    "pair-together",
    "ignition-sense",
    "cut-off",
]
RULES: tuple[RuleId, ...] = get_args(RuleId)

Severity = Literal["safety", "function", "practice"]
"""`safety`: a fire, a stranded vehicle, or the line; a plan that fails here is not fitted. `function`: the kit will not
work as it should. `practice`: it is done otherwise in the field."""
SEVERITY_ORDER: tuple[Severity, ...] = get_args(Severity)

Verdict = Literal["fail", "unjudged", "pass"]
"""`unjudged`: something that the rule needs is not known; it is never a pass."""
VERDICT_ORDER: tuple[Verdict, ...] = get_args(Verdict)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of one subject. `subject` is a path in the plan (`fuses.F1`, `connectors.X1.cavities.3`), its
    place in a file. `figures` are what the formula used, by name with the unit of measure, rounded nowhere;
    `unverified` says which of them rest on a figure that nobody has checked against its source; `needs` are paths of
    what is missing, of an unjudged one."""

    rule: RuleId
    severity: Severity
    verdict: Verdict
    subject: str
    sentence: str
    remedy: str = ""
    formula: str = ""
    figures: dict[str, float] = {}
    unverified: list[str] = []
    needs: list[str] = []


class DrainPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A battery's share of charge after a time of standing."""

    days: float
    soc: float


class DrainCurve(msgspec.Struct, frozen=True, kw_only=True):
    """How a battery goes down while the vehicle stands, to `soc_min` and a little beyond, with our kit and without."""

    battery: str
    soc_min: float
    days: float
    days_without_kit: float | None
    with_kit: list[DrainPoint]
    without_kit: list[DrainPoint]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the rules say of a plan: fails first, then by severity, rule and subject."""

    judgements: list[Judgement]
    curves: list[DrainCurve] = []

    def of(self, verdict: Verdict) -> list[Judgement]:
        """The judgements with a verdict."""
        return [one for one in self.judgements if one.verdict == verdict]

    @property
    def may_be_fitted(self) -> bool:
        """Whether nothing of severity `safety` fails or is unjudged."""
        return all(one.verdict == "pass" or one.severity != "safety" for one in self.judgements)
