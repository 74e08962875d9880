"""What the rules find in a rota's book."""

from datetime import datetime
from typing import Literal

import msgspec

from protocols.rota.load import Load
from protocols.rota.model import Shift

RuleName = Literal[
    "weekly-average",
    "night-average",
    "daily-rest",
    "weekly-rest",
    "break",
    "run-of-days",
    "cover",
    "signers",
    "competence",
    "leave",
    "away",
    "term",
    "double",
    "handover",
    "notice",
    "turns-in-a-row",
    "reference-period",
    "length-away",
]
WORKING_TIME_RULES: tuple[RuleName, ...] = (
    "weekly-average",
    "night-average",
    "daily-rest",
    "weekly-rest",
    "break",
    "run-of-days",
)

Answer = Literal["ok", "needs compensatory rest", "breach", "fault", "warning"]
"""Of a Working Time rule: ok, needs compensatory rest, breach. `fault`: the rota does not do what it is for.
`warning`: a † of the house is exceeded. Never a claim of legal certainty."""

ANSWER_ORDER: tuple[Answer, ...] = ("breach", "fault", "needs compensatory rest", "warning", "ok")
"""The worst first."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it should be, in words, with the shifts concerned. `key` stays while the thing does.
    `measured` and `limit` are in `unit` (`h`, `min`, `days`, `turns`, empty where nothing is measured). `owed_min`
    is the compensatory rest owed for it, minutes, 0 once it was given. `persons` is empty where nobody is concerned."""

    key: str
    rule: RuleName
    regulation: str | None
    answer: Answer
    persons: list[str]
    starts_at: datetime
    ends_at: datetime
    sentence: str
    remedy: str
    shifts: list[Shift] = []
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    owed_min: int = 0


class RuleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The worst a Working Time rule says of a person in the period, with its figure where one was measured."""

    rule: RuleName
    regulation: str
    answer: Answer
    sentence: str
    measured: float | None = None
    limit: float | None = None
    unit: str = ""


class PersonAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """Every Working Time rule for one person; minutes of compensatory rest owed and not given yet; since when
    regulation 21 is claimed."""

    person: str
    rules: list[RuleAnswer]
    owed_min: int
    regulation_21: str | None
    reference_weeks: int
    opted_out: bool


class PersonLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One person's load, what they brought as debt, and what would be their share of all."""

    person: str
    load: Load
    debt: Load
    share: dict[str, float]


class QualityPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the score: `points` of at most `of`, and why."""

    name: str
    points: float
    of: float
    sentence: str


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How good a rota is, 0 … 100, and of which parts that is the sum. `spread` is by measure how far the person with
    most stands above the one with least, debt and share counted in."""

    score: float
    parts: list[QualityPart]
    spread: dict[str, float]
    loads: list[PersonLoad]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the rules say of a book: findings by time, the worst first of a time."""

    findings: list[Finding]
    people: list[PersonAnswers]
    quality: Quality


class LoadChange(msgspec.Struct, frozen=True, kw_only=True):
    """By how much one person's load would change: less below 0."""

    person: str
    load: Load


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of a book would bring: findings that would come, that would go, and that would stay with another
    answer or time (as they would be), whose load would change, and the score before and after. `grave` are the breaches
    and faults that were not there in all their time: nobody makes the change without saying why."""

    grave: list[Finding]
    come: list[Finding]
    go: list[Finding]
    changed: list[Finding]
    loads: list[LoadChange]
    score_before: float
    score_after: float
    parts: dict[str, float]
