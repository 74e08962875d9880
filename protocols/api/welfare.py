"""Welfare timers as the API shows them: somebody who is out says from time to time that all is well.

`GET /api/welfare` (query: `person`, `ended` true: those that ended within 7 days too) → list of WelfareView, at most
200, those due longest first, ended ones at the end: one's own, and anybody's for those who may see working time or
manage deployments;
`POST /api/welfare` with NewWelfare → WelfareView: the caller's own, started by hand. Somebody has one that runs;
`POST /api/welfare/{welfare}/answer` → WelfareView: all is well, said by whose it is, and by nobody else;
`POST /api/welfare/{welfare}/end` with EndingWelfare → WelfareView: not needed any more, said by whose it is, or by a
supervisor, who says why. That of a call-out ends when they are said to be back, and is ended by a supervisor only.
[serve-rota; another's: manage-deployments].

A call-out that is recorded before it is over starts one, in place of one that was started by hand. At `due_at` the
person is paged, and `grace_min` later, without an answer, supervisors are. To acknowledge one's own page is an answer.
Nothing but times is kept: no place.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.text import ONE_LINE

WelfareId = Annotated[str, Meta(pattern=r"^WF-[0-9a-f]{12}$(?!\n)")]
VisitAsked = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,40}$(?!\n)")]
EveryMin = Annotated[int, Meta(ge=5, le=480)]
"""Minutes between answers."""

WelfareStage = Literal["waiting", "due", "missed", "ended"]
WelfareEnd = Literal["returned", "withdrawn", "self", "supervisor", "superseded"]
"""Back from the call-out; the call-out was withdrawn; by the person; by a supervisor; a call-out's took its place."""

ENDED_SHOWN_DAYS = 7


class NewWelfare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The caller goes out; `visit` is one of theirs. `every_min` None: as the controller's settings say."""

    visit: VisitAsked | None = None
    every_min: EveryMin | None = None


class EndingWelfare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`reason` is needed of a supervisor, in whose name another's ends: whether they were reached."""

    reason: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""


class WelfareView(msgspec.Struct, frozen=True, kw_only=True):
    """A timer as of now. `due_at` is when the next answer is due, `missed_at` when supervisors are paged without one;
    of an ended one when they would have been. `call_out`, `visit` and `deployment` are what it is for, None: nothing
    that is known. `answers` is how often they have answered, last at `answered_at`."""

    welfare: str
    person: str
    call_out: str | None
    visit: str | None
    deployment: str | None
    every_min: int
    grace_min: int
    started_by: str
    started_at: datetime
    due_at: datetime
    missed_at: datetime
    stage: WelfareStage
    answers: int
    answered_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None
    ended_how: WelfareEnd | None
