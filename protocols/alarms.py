"""Alarms: by which rules they are raised, whom they page when, and the words of their life (ISA-18.2).

An alarm is about a subject and of a kind, and there is at most one open alarm of both: what happens again is counted
on it. It is **raised**; **cleared** when its condition is over; **acknowledged** when a person has taken it; and closed
once it is both. What only happens, as a housing that is opened, has no condition that could be over: its alarm closes
when it is acknowledged. Nobody is paged any more once an alarm is acknowledged or cleared.
"""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from protocols.health import FIGURES
from protocols.people import MAX_VERSION
from protocols.rota.model import RotaId
from protocols.text import ONE_LINE

AlarmId = Annotated[str, Meta(pattern=r"^AL-[0-9a-f]{12}$(?!\n)")]
ContactId = Annotated[str, Meta(pattern=r"^CT-[0-9a-f]{12}$(?!\n)")]
WindowId = Annotated[str, Meta(pattern=r"^MW-[0-9a-f]{12}$(?!\n)")]

SubjectKind = Literal["unit", "deployment", "person", "rota", "controller"]
"""What an alarm is about: `subject` is a unit id, `DEP-…`, a person id, a rota id, or `controller`."""

AlarmKind = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$(?!\n)")]
AlarmSeverity = Literal["warning", "alarm"]
AlarmState = Literal["raised", "acknowledged", "cleared", "closed"]
"""`acknowledged` still lasts, `cleared` still waits for a person."""

AcknowledgedHow = Literal["console", "command", "link", "event", "controller"]
"""`event`: with an event of it; `controller`: its condition was put right before anybody took it."""

Pages = Literal["deployed", "always", "never"]
"""`deployed`: only where the unit is of a deployment that is under way."""

Channel = Literal["e-mail", "webhook"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
PageState = Literal["queued", "sent", "failed", "dropped"]
"""`dropped`: the alarm was acknowledged or cleared before it could be sent."""

PageLevel = Literal[0, 1, 2]
LEVEL_WORDS: dict[PageLevel, str] = {0: "primary", 1: "secondary", 2: "supervisor"}
"""0 the primary on call or those whom an alarm names, 1 the secondary, 2 supervisors."""

RuleName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$(?!\n)")]
Seconds = Annotated[int, Meta(ge=0, le=86_400)]
Limit = Annotated[float, Meta(ge=-1e15, le=1e15)]

MAX_RULES = 100
MAX_WINDOW_H = 24
"""How long a maintenance window is at most †."""
LINK_VALID_H = 24
"""How long a page's link acknowledges †."""


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    rule: RuleName
    severity: AlarmSeverity = "alarm"
    pages: Pages = "deployed"


class FigureRule(_Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="figure"):
    """A figure of a unit's health (`protocols.health.FIGURES`). Its alarm is of the kind `rule`.

    `above`: raised at `raise_at` or more, cleared at `clear_at` or less; `below` the other way round; `is`: raised
    while the figure is `word` (a text, true or false), cleared while it is something else. The condition has to hold
    for `raise_after_s` by the unit's own samples, and to be over for `clear_after_s`. What was not fresh counts as
    nothing.
    """

    figure: str
    comparison: Literal["above", "below", "is"]
    raise_at: Limit | None = None
    clear_at: Limit | None = None
    word: bool | Annotated[str, Meta(max_length=40, pattern=ONE_LINE)] | None = None
    raise_after_s: Seconds = 120
    clear_after_s: Seconds = 300

    def __post_init__(self) -> None:
        if self.figure not in FIGURES:
            raise ValueError(f"{self.figure!r} is no figure of a health report")
        if self.comparison == "is":
            if self.word is None or self.raise_at is not None or self.clear_at is not None:
                raise ValueError("`is` takes a word, and no limits")
            return
        if self.word is not None or self.raise_at is None or self.clear_at is None:
            raise ValueError(f"`{self.comparison}` takes raise_at and clear_at, and no word")
        band = self.raise_at - self.clear_at if self.comparison == "above" else self.clear_at - self.raise_at
        if band < 0:
            raise ValueError(f"clear_at is on the wrong side of raise_at for `{self.comparison}`")


class PresenceRule(_Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="presence"):
    """A unit that has been `stale` (or quiet), or `quiet`, for `raise_after_s`; cleared when it has reported again for
    `clear_after_s`. Its alarm is of the kind `rule`."""

    presence: Literal["stale", "quiet"]
    raise_after_s: Seconds = 0
    clear_after_s: Seconds = 60


class EventRule(_Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="event"):
    """An event of severity `alarm`, of one of `kinds` (none: of any that no other rule names). Its alarm is of the
    event's kind. Of several rules that name a kind the first counts."""

    source: Literal["unit", "controller", "any"] = "any"
    kinds: Annotated[list[AlarmKind], Meta(max_length=50)] = []


Rule = FigureRule | PresenceRule | EventRule


class PagingPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom an alarm pages when, until a person acknowledges it: the primary at once, the secondary after
    `secondary_after_s`, supervisors after `supervisor_after_s`, and from then on all of them again every
    `repeat_every_s`. `rota` is for alarms of no deployment; None: the only rota there is, where there is one."""

    secondary_after_s: Annotated[int, Meta(ge=30, le=86_400)] = 300
    supervisor_after_s: Annotated[int, Meta(ge=30, le=86_400)] = 600
    repeat_every_s: Annotated[int, Meta(ge=60, le=86_400)] = 900
    rota: RotaId | None = None

    def __post_init__(self) -> None:
        if self.supervisor_after_s < self.secondary_after_s:
            raise ValueError("supervisors come after the secondary")


class AlarmRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All rules in their order, each with a name of its own, and the policy."""

    rules: Annotated[list[Rule], Meta(max_length=MAX_RULES)] = []
    policy: PagingPolicy = PagingPolicy()

    def __post_init__(self) -> None:
        if len({one.rule for one in self.rules}) < len(self.rules):
            raise ValueError("two rules have the same name")


RulesVersion = Annotated[int, Meta(ge=0, le=MAX_VERSION)]

DEFAULT_RULES = AlarmRules(
    rules=[
        EventRule(rule="tamper", source="unit", kinds=["tamper"], pages="always"),
        EventRule(rule="units-events", source="unit"),
        EventRule(rule="cover-gap", source="controller", kinds=["cover-gap"], pages="never"),
        EventRule(rule="controllers-events", source="controller", pages="always"),
        FigureRule(rule="undervoltage", figure="undervolted", comparison="is", word=True),
        FigureRule(rule="storage-read-only", figure="storage_read_only", comparison="is", word=True),
        FigureRule(rule="hot", figure="soc_temp_c", comparison="above", raise_at=80, clear_at=75),
        FigureRule(rule="battery-low", figure="battery_percent", comparison="below", raise_at=15, clear_at=20),
        FigureRule(
            rule="storage-full",
            figure="storage_used_percent",
            comparison="above",
            raise_at=90,
            clear_at=85,
            severity="warning",
        ),
        PresenceRule(rule="silent", presence="quiet"),
    ]
)
"""In force until somebody lays others down †. Limits are those of `protocols.health.QUANTITIES`. Where a unit tells by
an event what a figure shows too, both are of one kind, and so one alarm. A gap in cover is told days ahead, and wakes
nobody."""
