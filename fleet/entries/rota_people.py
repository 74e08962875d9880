"""Entries of what is kept of people for rotas: terms, absences, wishes, call-outs, work, rests, and calendar feeds.

The kind of leave is in none: to say that somebody is ill is nobody's business who reads the log.
"""

from datetime import datetime
from typing import ClassVar, Literal

from fleet.entries.entry import Dpa, Entry, HashedText


class TermsSet(Entry, frozen=True, kw_only=True, tag="terms.set"):
    """A person's working hours, competences and agreements were set; `sha256` is of their exact text."""

    person: str
    version: int
    sha256: str


class AbsenceRecorded(Entry, frozen=True, kw_only=True, tag="absence.recorded"):
    """A person will be absent: on a deployment away, or not."""

    absence: str
    person: str
    starts_at: datetime
    ends_at: datetime
    away: bool


class AbsenceWithdrawn(Entry, frozen=True, kw_only=True, tag="absence.withdrawn"):
    """An absence does not count."""

    absence: str
    person: str


class WishMade(Entry, frozen=True, kw_only=True, tag="wish.made"):
    """A person would like to be on call in a time, or not to be."""

    wish: str
    wants: Literal["on", "off"]
    starts_at: datetime
    ends_at: datetime


class WishWithdrawn(Entry, frozen=True, kw_only=True, tag="wish.withdrawn"):
    """A wish does not count."""

    wish: str


class CallOutRecordedEntry(Entry, frozen=True, kw_only=True, tag="call-out.recorded"):
    """A person was called out; `duty` is the position that they had, null where they were not on call."""

    call_out: str
    rota: str
    person: str
    duty: Literal["primary", "secondary", "shadow"] | None
    left_home_at: datetime
    returned_at: datetime | None
    break_min: int
    source: Literal["hand", "command", "api"]
    reference: HashedText | None


class CallOutEnded(Entry, frozen=True, kw_only=True, tag="call-out.ended"):
    """A person is back from a call-out."""

    call_out: str
    rota: str
    person: str
    returned_at: datetime
    break_min: int


class CallOutWithdrawn(Entry, frozen=True, kw_only=True, tag="call-out.withdrawn"):
    """A call-out was recorded wrongly."""

    call_out: str
    rota: str
    person: str
    reason: HashedText


class WorkRecorded(Entry, frozen=True, kw_only=True, tag="work.recorded"):
    """A person worked beside their ordinary hours."""

    work: str
    person: str
    starts_at: datetime
    ends_at: datetime
    break_min: int


class WorkWithdrawn(Entry, frozen=True, kw_only=True, tag="work.withdrawn"):
    """Work beside the ordinary hours was recorded wrongly."""

    work: str
    person: str


class RestRecorded(Entry, frozen=True, kw_only=True, tag="rest.recorded"):
    """Compensatory rest was given to a person."""

    rest: str
    person: str
    starts_at: datetime
    ends_at: datetime


class RestWithdrawn(Entry, frozen=True, kw_only=True, tag="rest.withdrawn"):
    """Compensatory rest is not given after all."""

    rest: str
    person: str


class HoursRead(Entry, frozen=True, kw_only=True, tag="hours.read"):
    """A person looked at the hours and allowances of `people` others of a rota in a period."""

    dpa: ClassVar[Dpa] = "consultation"

    rota: str
    starts_at: datetime
    ends_at: datetime
    people: int


class CalendarMadeEntry(Entry, frozen=True, kw_only=True, tag="calendar.made"):
    """A person was shown, once, the address of a calendar feed: of their own shifts, or of all of a rota."""

    dpa: ClassVar[Dpa] = "disclosure"

    calendar: str
    scope: Literal["mine", "rota"]
    rota: str | None


class CalendarWithdrawn(Entry, frozen=True, kw_only=True, tag="calendar.withdrawn"):
    """A feed's address is good for nothing any more."""

    calendar: str
