"""Call-outs, rest given for them, and hours for payroll, as the API shows them.

`GET /api/call-outs` (query: `rota`, `person`, `since`, `until`, `open_only`, `limit` ≤ 500) → list of CallOutView,
newest first: one's own, and anybody's for those who may see working time;
`POST /api/call-outs` with NewCallOut → CallOutRecorded: one's own, or a supervisor anybody's; paging uses the same;
`POST /api/call-outs/{call_out}/returned` with Returned → CallOutRecorded;
`POST /api/call-outs/{call_out}/withdraw` with Withdrawing → CallOutView: it was wrong; another is recorded instead;
`GET /api/work-done` (query: `person`, `since`, `until`), `POST /api/work-done` with NewWorkDone, and
`POST /api/work-done/{work}/withdraw` the same for scheduled work beside the ordinary hours → WorkDoneView;
`GET /api/rests`, `POST /api/rests` with NewRest, `POST /api/rests/{rest}/withdraw` → RestView: compensatory rest, which
a supervisor plans; `GET /api/rotas/{rota}/hours` (query: `since`, `until`) → HoursReport: of all for those who may see
working time, which the log tells of; of others their own row.

A record of one time is one record: the same again by the same person answers what is there, another in its time is 409.
People record and withdraw their own call-outs for 60 days †. Of each kind somebody has at most 1000 records within a
year before and after another †. What is not over is said to be with `returned`, once.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.ids import PersonId
from protocols.people import Moment
from protocols.rota.findings import Finding
from protocols.rota.model import RotaId
from protocols.text import ONE_LINE, ShortText

CallOutSource = Literal["hand", "command", "api"]


class NewCallOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody on call was called out. `returned_at` None: not back yet. `reference` names a deployment or event."""

    rota: RotaId
    person: PersonId
    left_home_at: Moment
    returned_at: Moment | None = None
    break_min: Annotated[int, Meta(ge=0, le=600)] = 0
    reference: ShortText = ""
    source: CallOutSource = "api"


class Returned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """They are back at home."""

    returned_at: Moment
    break_min: Annotated[int, Meta(ge=0, le=600)] = 0


class Withdrawing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why it was wrong."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class CallOutView(msgspec.Struct, frozen=True, kw_only=True):
    """A call-out. `position` is what the person had when leaving, None: they were not on call."""

    call_out: str
    rota: str
    person: str
    position: str | None
    left_home_at: datetime
    returned_at: datetime | None
    break_min: int
    reference: str
    source: CallOutSource
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None


class CallOutRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """A call-out, what the rules now say of its person, and when they may start duty again at the earliest (None: the
    call-out is not over)."""

    call_out: CallOutView
    findings: list[Finding]
    earliest_start: datetime | None


class NewWorkDone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Scheduled work beside the ordinary hours."""

    person: PersonId
    starts_at: Moment
    ends_at: Moment
    break_min: Annotated[int, Meta(ge=0, le=600)] = 0


class WorkDoneView(msgspec.Struct, frozen=True, kw_only=True):
    """Scheduled work beside the ordinary hours."""

    work: str
    person: str
    starts_at: datetime
    ends_at: datetime
    break_min: int
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None


class NewRest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Compensatory rest, planned or taken."""

    person: PersonId
    starts_at: Moment
    ends_at: Moment


class RestView(msgspec.Struct, frozen=True, kw_only=True):
    """Compensatory rest."""

    rest: str
    person: str
    starts_at: datetime
    ends_at: datetime
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None


class HoursRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person in a period: minutes on call, call-outs and their minutes (of them at night, on bank holidays), bank
    holidays and festive days on call, minutes of compensatory rest owed at the end, and the allowance in thousandths of
    salary, 0 where they were not on call. A call-out counts where it began, its minutes (without breaks, which are
    taken to be at its beginning) where they lie."""

    person: str
    primary_min: int
    secondary_min: int
    call_outs: int
    call_out_min: int
    call_out_night_min: int
    call_out_bank_holiday_min: int
    bank_holidays: int
    festive_days: int
    rest_owed_min: int
    allowance_permille: int


class HoursReport(msgspec.Struct, frozen=True, kw_only=True):
    """Hours and allowances of a rota for payroll, each person with any. Salaries are not known here."""

    rota: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    rows: list[HoursRow]
