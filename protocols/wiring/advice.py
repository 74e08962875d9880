"""What is advised for a plan, what has to be cut and bought, and what is written on its labels."""

from typing import Literal

import msgspec

from protocols.wiring.findings import RuleId


class ConductorAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest cross-section that satisfies every rule about a conductor, None where none in the tables does.
    `governed_by`: the rule that the next smaller one breaks, None for the smallest there is."""

    conductor: str
    csa_mm2: float | None
    advised_mm2: float | None
    governed_by: RuleId | None
    sentence: str


class FuseAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest standard fuse that carries the load; None where none does and still protects what is behind it."""

    fuse: str
    rating_a: float
    advised_a: float | None
    sentence: str


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A conductor to cut. `cut_mm` has the allowances in it, rounded up to 10 mm; None where its length is unknown."""

    conductor: str
    csa_mm2: float | None
    type: str
    colour: str
    length_m: float | None
    cut_mm: int | None
    start: str
    end: str


class BomLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something to buy; `used_by` names what in the plan it is for."""

    kind: str
    part: str
    quantity: float
    unit: str
    used_by: list[str]


class LabelText(msgspec.Struct, frozen=True, kw_only=True):
    """What is written on one end of a conductor."""

    conductor: str
    at: str
    text: str


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What is advised for a plan."""

    conductors: list[ConductorAdvice]
    fuses: list[FuseAdvice]
    cuts: list[Cut]
    bom: list[BomLine]
    labels: list[LabelText]
    remarks: list[str] = []


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What is different between two plans: a component or conductor that came or went, or one field of it. `subject`
    is its path; `before` and `after` are texts as a file would have them, None where there is none."""

    kind: Literal["added", "removed", "changed"]
    subject: str
    field: str = ""
    before: str | None = None
    after: str | None = None
