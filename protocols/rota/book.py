"""A rota's book: everything its rules need for a period. It is the file `fleet rota` reads and writes, and what the API
hands out."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from protocols.people import Moment
from protocols.rota.member import CallOut, CompensatoryRest, Member, WorkDone
from protocols.rota.model import MAX_ASSIGNED, MAX_MEMBERS, Assigned, Change, Rota

MAX_PERIOD_DAYS = 800
"""How long a period may be that is checked or solved."""


class RotaBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The period `starts_at` … `ends_at` is judged; `known_from`, not later, is where what is known of work begins.
    `as_of` is now: where a call-out without an end is taken to last to, and when a plan would be published.
    """

    rota: Rota
    starts_at: Moment
    ends_at: Moment
    known_from: Moment
    as_of: Moment
    members: Annotated[list[Member], Meta(max_length=MAX_MEMBERS)]
    bank_holidays: Annotated[list[date], Meta(max_length=400)] = []
    assigned: Annotated[list[Assigned], Meta(max_length=MAX_ASSIGNED)] = []
    changes: Annotated[list[Change], Meta(max_length=MAX_ASSIGNED)] = []
    call_outs: Annotated[list[CallOut], Meta(max_length=20_000)] = []
    work_done: Annotated[list[WorkDone], Meta(max_length=20_000)] = []
    rests: Annotated[list[CompensatoryRest], Meta(max_length=MAX_ASSIGNED)] = []
