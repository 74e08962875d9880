"""Entries of alarms: raised, paged, taken; the rules, maintenance windows and contacts behind them.

Where a page goes is in none, and what an alarm says is in none either: its kind and rule tell what it was.
"""

from datetime import datetime
from typing import ClassVar

from fleet.entries.entry import Dpa, Entry, HashedText
from protocols.alarms import AcknowledgedHow, AlarmSeverity, Channel, PageLevel, SubjectKind


class AlarmRaised(Entry, frozen=True, kw_only=True, tag="alarm.raised"):
    """An alarm was raised, or one that had been cleared was `again`; `about` says of what: a unit, a deployment, a
    person or a rota, which is named, or the controller. `pages`: somebody is to be paged."""

    alarm: str
    about: SubjectKind
    alarm_kind: str
    severity: AlarmSeverity
    rule: str
    pages: bool
    again: bool
    person: str | None = None
    rota: str | None = None


class AlarmCleared(Entry, frozen=True, kw_only=True, tag="alarm.cleared"):
    """The condition of an alarm is over; `closed`: somebody had acknowledged it."""

    alarm: str
    alarm_kind: str
    closed: bool


class AlarmAcknowledgedEntry(Entry, frozen=True, kw_only=True, tag="alarm.acknowledged"):
    """Somebody has taken an alarm, from the console, by command, by the link in a page or with one of its events; the
    controller itself where its reason was put right first. `events` are the first 200 of its events that were taken
    with it, `events_taken` how many were."""

    alarm: str
    alarm_kind: str
    how: AcknowledgedHow
    closed: bool
    events: list[int]
    events_taken: int


class AlarmPaged(Entry, frozen=True, kw_only=True, tag="alarm.paged"):
    """A person was told of an alarm, or was not: none of the tries came through. `level` 0 is the primary on call or
    whoever the alarm names, 1 the secondary, 2 a supervisor."""

    dpa: ClassVar[Dpa] = "disclosure"

    alarm: str
    person: str
    level: PageLevel
    channel: Channel
    sent: bool
    tries: int


class AlarmingDead(Entry, frozen=True, kw_only=True, tag="alarming.dead"):
    """Alarming itself was found dead, and these supervisors were told of it."""

    told: list[str]


class AlarmRulesSet(Entry, frozen=True, kw_only=True, tag="alarm-rules.set"):
    """The rules of alarms were laid down; `sha256` is of their exact text."""

    version: int
    sha256: str


class WindowMade(Entry, frozen=True, kw_only=True, tag="alarm-window.made"):
    """Somebody will work on a unit, or on the units of a deployment, and nobody is paged of them meanwhile."""

    window: str
    starts_at: datetime
    ends_at: datetime
    reason: HashedText


class WindowEnded(Entry, frozen=True, kw_only=True, tag="alarm-window.ended"):
    """A maintenance window was ended before its time."""

    window: str


class ContactAdded(Entry, frozen=True, kw_only=True, tag="contact.added"):
    """A person said how to reach them."""

    contact: str
    channel: Channel


class ContactTestAsked(Entry, frozen=True, kw_only=True, tag="contact.test-asked"):
    """A person has a page sent to a contact of theirs."""

    contact: str


class ContactTestedEntry(Entry, frozen=True, kw_only=True, tag="contact.tested"):
    """What came of a page that a person had sent to a contact of theirs; `sent`: the other side took it."""

    contact: str
    sent: bool


class ContactWithdrawn(Entry, frozen=True, kw_only=True, tag="contact.withdrawn"):
    """A person is not to be reached that way any more, and the controller has forgotten where it led."""

    contact: str
