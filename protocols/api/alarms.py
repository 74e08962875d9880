"""Alarms and paging as the API shows them. In brackets the permission that a route takes.

Who may not see deployments (`see-deployments`) is shown no alarm of a deployment or a person, of no alarm which
deployment it is of, and of maintenance windows only those of units, without reasons.

`GET /api/alarms` (query: `open_only`, `unit`, `deployment`, `before_alarm`, `limit` ≤ 200) → AlarmPage, newest first;
`GET /api/alarms/{alarm}` → AlarmDetail, with whom it paged and its events [see-fleet];
`GET /api/alarm-details` (query: `alarm`, 1 to 20 times) → the same of several at once, those that there are, in the
order that was asked for [see-fleet];
`POST /api/alarms/{alarm}/acknowledge` with Acknowledging → AlarmAcknowledged: taken in the caller's name, with its
events; `going`: a call-out of the caller begins now, on the rota that the alarm goes to or on `rota`
[acknowledge-event; `going` serve-rota too];
`GET /api/alarm-rules` → AlarmRulesView [see-fleet];
`PUT /api/alarm-rules` with SetAlarmRules → AlarmRulesView (409 unless `version` is the one in force) [manage-alarms];
`GET /api/alarm-windows` (query: `unit`, `deployment`) → list of WindowView: not over yet, by their beginning
[see-fleet];
`POST /api/alarm-windows` with NewWindow → WindowView; `POST /api/alarm-windows/{window}/end` → WindowView: over now
[work-deployment];
`GET /api/contacts` → list of ContactView: the caller's own with their addresses, and to those who manage alarms
everybody's, masked [serve-rota]; `POST /api/contacts` with NewContact → ContactView: at most 5 of a person †;
`POST /api/contacts/{contact}/test` → ContactTested: sends a page now, within 20 s, and says what came of it;
`POST /api/contacts/{contact}/withdraw` → ContactView: no page goes there any more [serve-rota, one's own];
`GET /api/alarming` → AlarmingStanding: whether alarming itself is alive [see-fleet].

The feed (`protocols.api.feed`): `Watch(alarms=True)` → AlarmsChanged whenever any of these changed.

Outside `/api`, without signing in, for the one-time link in a page: `GET /ack/{token}` shows a page with a button and
changes nothing; `POST /ack/{token}` acknowledges in the name of whom was paged, `going=yes` in its form as above.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.alarms import (
    AcknowledgedHow,
    AlarmRules,
    AlarmSeverity,
    AlarmState,
    Channel,
    PageLevel,
    PageState,
    RulesVersion,
    SubjectKind,
)
from protocols.api.events import EventView
from protocols.api.problems import Problem
from protocols.deployments import DeploymentId
from protocols.ids import UnitId
from protocols.people import Moment
from protocols.rota.model import RotaId
from protocols.text import ONE_LINE

Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class AlarmView(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm. `label` is what people call its subject: the unit's label, else the subject. `rule` is the name of the
    rule that raised it, or who did (`welfare`). `count` is how often it happened, last at `last_at`. `level` is the
    highest level that was paged, None: nobody was yet, or is to be (`pages` false). `in_maintenance`: nobody is paged
    while its maintenance window lasts."""

    alarm: str
    subject_kind: SubjectKind
    subject: str
    label: str
    kind: str
    deployment: str | None
    severity: AlarmSeverity
    state: AlarmState
    summary: str
    rule: str
    raised_at: datetime
    last_at: datetime
    count: int
    cleared_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    acknowledged_how: AcknowledgedHow | None
    closed_at: datetime | None
    pages: bool
    level: PageLevel | None
    in_maintenance: bool


class AlarmPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; `next_before` is the `before_alarm` of the following page, None at the end."""

    alarms: list[AlarmView]
    next_before: str | None


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was sent, or is to be. `person` None: nobody is on call at `level`, or can be reached, as `error`
    says. Addresses are not shown; `error` holds none."""

    page: int
    person: str | None
    level: PageLevel
    channel: Channel | None
    state: PageState
    tries: int
    queued_at: datetime
    sent_at: datetime | None
    error: str


class AlarmDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm, its pages in the order of their times, and its newest events. `next_page_at` is when more people are
    paged unless it is acknowledged, None: nobody more; `next_level` the level that is then paged first, None: all
    again. `paged_by` says by whose order: a rota's id, or empty."""

    alarm: AlarmView
    pages: list[PageView]
    events: list[EventView]
    next_page_at: datetime | None
    paged_by: str
    next_level: PageLevel | None = None


class Acknowledging(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Taken. `going`: the caller leaves for it now."""

    how: Literal["console", "command"] = "console"
    going: bool = False
    rota: RotaId | None = None


class AlarmAcknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that was taken, and the id of the call-out that began with it; `problem` says why none did where one
    was asked for: the alarm is taken all the same."""

    alarm: AlarmView
    call_out: str | None
    problem: Problem | None = None


class AlarmRulesView(msgspec.Struct, frozen=True, kw_only=True):
    """The rules in force; version 0 with nobody's name: the defaults."""

    version: int
    rules: AlarmRules
    changed_by: str | None
    changed_at: datetime | None


class SetAlarmRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rules as they are to be; `version` is the one that they replace."""

    version: RulesVersion
    rules: AlarmRules


class NewWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody works on a unit, or on the units of a deployment: exactly one of both is named. At most 24 h long †, and
    it begins at the earliest an hour ago †."""

    unit: UnitId | None = None
    deployment: DeploymentId | None = None
    starts_at: Moment
    ends_at: Moment
    reason: Reason


class WindowView(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance window; `ended_at`: it was ended early."""

    window: str
    unit: str | None
    deployment: str | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    made_by: str
    made_at: datetime
    ended_by: str | None
    ended_at: datetime | None


class NewContact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the caller is to be reached: an e-mail address, or a webhook's URL (`https://`, its host allowed in the
    controller's settings) that gets JSON."""

    channel: Channel
    address: Annotated[str, Meta(min_length=3, max_length=300, pattern=ONE_LINE)]

    def __repr__(self) -> str:
        return f"NewContact({self.channel}, …)"


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact. `address` is whole to its owner, else masked, as `j…@e….org`. `tested_at`, `works`: when a page last
    went there, and whether it was taken."""

    contact: str
    person: str
    channel: Channel
    address: str
    added_at: datetime
    tested_at: datetime | None
    works: bool | None
    withdrawn_at: datetime | None

    def __repr__(self) -> str:
        return f"ContactView({self.contact}, {self.person}, {self.channel}, …)"


class ContactTested(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test page: `error` is empty where the other side took it."""

    contact: str
    sent: bool
    error: str


class AlarmingStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Whether alarming itself works. `late`: no round for 45 s †; `dead`: none for 90 s †, or none ever. `unreachable`
    is how many people on call have no contact that works; `contacts_failing`: the last pages all failed."""

    standing: Literal["alive", "late", "dead"]
    at: datetime | None
    age_s: float | None
    round_s: float | None
    pages_waiting: int
    last_sent_at: datetime | None
    contacts_failing: bool
    unreachable: int
    last_error: str
