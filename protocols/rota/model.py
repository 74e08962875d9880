"""A rota: which turns there are, who takes them in which order, and what was changed by hand.

Times of day and first handovers are wall time in the rota's zone; everything that has happened or is agreed is an
instant (UTC). How turns follow from a layer, and who has one, is in `fleet.rota.rules`; docs/rota-rules.md says it in
words.
"""

from datetime import datetime, time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.ids import PersonId
from protocols.people import Moment
from protocols.text import ONE_LINE, ShortText

RotaId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,39}$(?!\n)")]
"""A short name that people type, `technical`."""

LayerId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$(?!\n)")]
ZoneName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$(?!\n)")]
"""A zone of the IANA database, `Europe/London`."""

WallTime = Annotated[datetime, Meta(tz=False)]
"""A date and time of day in the rota's zone, without an offset."""

TimeOfDay = Annotated[time, Meta(tz=False)]
Subject = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9:-]{0,39}$(?!\n)")]
"""What somebody is competent in: `electrical`, `wiring-regulations`, `driving-licence`, `unit:van-kit`."""

Level = Annotated[int, Meta(ge=0, le=8)]
"""A level of the Regulated Qualifications Framework: BTEC L3 is 3, HNC is 4; 0 where there are no levels."""

Position = Literal["primary", "secondary", "shadow"]
"""`shadow` learns beside the others, and is no cover."""

CoveredPosition = Literal["primary", "secondary"]

MAX_MEMBERS = 200
MAX_LAYERS = 20
MAX_ASSIGNED = 5000


class Restriction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hours of a week: on each of `weekdays` (0 Monday … 6 Sunday) from `from_time` until `until_time`, on the next day
    when that is not later; the same time twice is the whole 24 hours of the wall clock."""

    weekdays: Annotated[list[Annotated[int, Meta(ge=0, le=6)]], Meta(min_length=1, max_length=7)]
    from_time: TimeOfDay
    until_time: TimeOfDay


class TurnLength(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long a turn is. Days and weeks are of the wall clock: handover stays at its time of day when clocks change.
    Hours are real ones."""

    every: Annotated[int, Meta(ge=1, le=366)]
    unit: Literal["hours", "days", "weeks"]


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rotation. The first turn begins at `starts`; `order` is taken round and round, one person a turn; an empty
    order leaves every turn to nobody unless it is assigned. A turn counts only within `restrictions` (none: always)."""

    layer: LayerId
    position: Position
    starts: WallTime
    turn: TurnLength
    ends: WallTime | None = None
    order: Annotated[list[PersonId], Meta(max_length=MAX_MEMBERS)] = []
    restrictions: Annotated[list[Restriction], Meta(max_length=21)] = []


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A competence that has to be on call: by `each` who is (shadows apart), or by somebody of the `pair`."""

    subject: Subject
    level: Level = 0
    who: Literal["each", "pair"] = "pair"


class RotaPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rules of the house, all †: their defaults are guesses until somebody sets them."""

    handover_from: TimeOfDay = time(7)
    handover_until: TimeOfDay = time(19)
    notice_days: Annotated[int, Meta(ge=0, le=365)] = 14
    away_days: Annotated[int, Meta(ge=1, le=60)] = 5
    away_from: TimeOfDay = time(8)
    away_until: TimeOfDay = time(18)
    away_break_min: Annotated[int, Meta(ge=0, le=240)] = 60
    run_days: Annotated[int, Meta(ge=1, le=60)] = 12
    turns_in_a_row: Annotated[int, Meta(ge=1, le=52)] = 1
    weekly_rest: Literal["week", "fortnight"] = "week"
    remind_h: Annotated[int, Meta(ge=1, le=336)] = 24


class Rota(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rota. Of two layers for one position the later in the list stands above the earlier.

    `cover` are the hours in which each of `positions` has to be taken (none: always), with `signers` also by two people
    who may sign a mandate together. `members` may be given turns. `standby` at home is no working time until somebody
    is called out; at the workplace it is. `allowance_permille` is the rota allowance in thousandths of salary.
    """

    rota: RotaId
    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=ONE_LINE)]
    zone: ZoneName
    layers: Annotated[list[Layer], Meta(max_length=MAX_LAYERS)]
    members: Annotated[list[PersonId], Meta(max_length=MAX_MEMBERS)] = []
    positions: Annotated[list[CoveredPosition], Meta(min_length=1, max_length=2)] = msgspec.field(
        default_factory=lambda: ["primary", "secondary"]
    )
    standby: Literal["home", "workplace"] = "home"
    allowance_permille: Literal[0, 50, 100, 125] = 0
    cover: Annotated[list[Restriction], Meta(max_length=21)] = []
    requirements: Annotated[list[Requirement], Meta(max_length=20)] = []
    signers: bool = True
    policy: RotaPolicy = RotaPolicy()


class Assigned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody was given a turn, whatever the layer's order says; None: nobody was, on purpose. `starts_at` is where
    the turn begins. `published_at` is when its person could know, None while it is only planned. `fixed`: a solver
    keeps it."""

    layer: LayerId
    starts_at: Moment
    person: PersonId | None
    published_at: Moment | None = None
    fixed: bool = False


ChangeKind = Literal["override", "swap", "take-over"]


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A position that `person` has from `starts_at` until `ends_at`, agreed at `decided_at`, whatever the layers say.
    An agreed swap is two of them. `gives` is who had it, where that was named."""

    change: ShortText
    kind: ChangeKind
    position: Position
    person: PersonId
    starts_at: Moment
    ends_at: Moment
    decided_at: Moment
    gives: PersonId | None = None


class Shift(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Who has a position from one instant until another, and why: by the layer of that name, or by a change.
    `known_at` is when they could know, None when that is now."""

    starts_at: datetime
    ends_at: datetime
    position: Position
    person: str
    source: Literal["layer", "override", "swap", "take-over"]
    about: str
    known_at: datetime | None = None


class Gap(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Nobody has a position that has to be taken."""

    starts_at: datetime
    ends_at: datetime
    position: Position
