"""Calendar feeds (RFC 5545) as the API shows them.

For those who serve on rotas: `GET /api/calendars` → list of CalendarView: the caller's own;
`POST /api/calendars` with NewCalendar → CalendarMade, whose address is shown once;
`POST /api/calendars/{calendar}/withdraw` → CalendarView: the address answers 404 from then
on. `GET /calendar/{token}.ics`, asked by a calendar program that can not sign in, answers `text/calendar` with an ETag:
shifts from 31 days back to 400 days ahead. It is 404 also once its person's access has ended.
"""

from datetime import datetime
from typing import Literal

import msgspec

from protocols.rota.model import RotaId

CalendarScope = Literal["mine", "rota"]


class NewCalendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A feed of the caller's own shifts on every rota (`mine`, without `rota`), or of all shifts of one."""

    scope: CalendarScope
    rota: RotaId | None = None


class CalendarView(msgspec.Struct, frozen=True, kw_only=True):
    """A feed and whether it is asked for."""

    calendar: str
    scope: CalendarScope
    rota: str | None
    person: str
    made_at: datetime
    last_asked_at: datetime | None
    withdrawn_at: datetime | None


class CalendarMade(msgspec.Struct, frozen=True, kw_only=True):
    """A feed and its address, which lets in whoever has it."""

    calendar: CalendarView
    url: str
