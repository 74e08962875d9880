"""What is known of a person for the sake of a rota: competences, working hours, absences, wishes, work done."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.ids import PersonId
from protocols.people import Moment, Role
from protocols.rota.load import Load
from protocols.rota.model import Level, RotaId, Subject, TimeOfDay, ZoneName
from protocols.text import ONE_LINE, ShortText

RecordId = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$(?!\n)")]


class Competence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A competence and what shows it, as `BTEC L3`. It counts up to the end of the day `valid_until`; None: it does not
    expire."""

    subject: Subject
    level: Level = 0
    evidence: ShortText = ""
    valid_until: date | None = None


class WorkingDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ordinary duty on a weekday (0 Monday … 6 Sunday), wall time; until the next day when `until_time` is not later.
    `break_min` is the rest break taken in it, minutes."""

    weekday: Annotated[int, Meta(ge=0, le=6)]
    from_time: TimeOfDay
    until_time: TimeOfDay
    break_min: Annotated[int, Meta(ge=0, le=240)] = 30


class Regulation21(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The claim that regulation 21 applies to this person, from a day on: its reason is recorded, not judged."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
    since: date
    until: date | None = None


class OptOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An agreement under regulation 5 that the 48 hours do not apply, signed before it begins."""

    signed_on: date
    since: date
    until: date | None = None


AbsenceKind = Literal["annual", "sick", "family", "other", "away"]
"""`family`: maternity, paternity, adoption, parental; with `annual` and `sick` these days are excluded from averages
(reg. 4(7)). `away`: on a deployment away, which is work and not leave. `other` is also how leave is shown to those who
may not know its kind."""


class Absence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Leave, or a deployment away with its reference. Who is away works each day the hours that the
    rota's policy says."""

    absence: RecordId
    kind: AbsenceKind
    starts_at: Moment
    ends_at: Moment
    zone: ZoneName
    reference: ShortText = ""


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody would like to be on call in a time, or not to be."""

    wish: RecordId
    wants: Literal["on", "off"]
    starts_at: Moment
    ends_at: Moment


class WorkingTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a supervisor keeps of a person: working hours, what was agreed, and their share of the on-call work."""

    competences: Annotated[list[Competence], Meta(max_length=40)] = []
    hours: Annotated[list[WorkingDay], Meta(max_length=14)] = []
    regulation_21: Regulation21 | None = None
    opt_outs: Annotated[list[OptOut], Meta(max_length=20)] = []
    reference_weeks: Literal[17, 26] = 17
    share_percent: Annotated[int, Meta(ge=0, le=100)] = 100


class Busy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody is on call on another rota."""

    rota: RotaId
    starts_at: Moment
    ends_at: Moment


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One person as the rules see them. `valid_from` and `valid_until` are their term in the people list."""

    person: PersonId
    role: Role
    valid_from: Moment
    valid_until: Moment
    terms: WorkingTerms = msgspec.field(default_factory=WorkingTerms)
    absences: list[Absence] = []
    wishes: list[Wish] = []
    elsewhere: list[Busy] = []
    debt: Load = Load()


class CallOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Working time of somebody on call, from leaving home to the return there †. None: not back yet."""

    call_out: RecordId
    person: PersonId
    left_home_at: Moment
    returned_at: Moment | None
    break_min: Annotated[int, Meta(ge=0, le=600)] = 0


class WorkDone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Scheduled work beside the ordinary hours: overtime, a day of a course, a duty that was moved."""

    work: RecordId
    person: PersonId
    starts_at: Moment
    ends_at: Moment
    break_min: Annotated[int, Meta(ge=0, le=600)] = 0


class CompensatoryRest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rest given for rest that was missed (reg. 24), planned or taken: no ordinary duty is worked in it."""

    rest: RecordId
    person: PersonId
    starts_at: Moment
    ends_at: Moment
