"""What a supervisor and people themselves keep for rotas, as the API shows it.

`GET /api/rota-people` → list of PersonTerms: those whose working time the caller may see, and always the caller;
`PUT /api/rota-people/{person}` with SetTerms → PersonTerms (409 unless `version` is the one in force);
`GET /api/absences` (query: `person`, `since`, `until`) → list of AbsenceView, withdrawn ones too: of everybody, without
the kind of leave and references where the caller may not see working time;
`POST /api/absences` with NewAbsence → AbsenceView: one's own, or a supervisor anybody's; at most 1000 within a year
before and after another †;
`POST /api/absences/{absence}/withdraw` → AbsenceView;
`GET /api/wishes` (query: `person`) → list of WishView: those not over, one's own, or anybody's as above;
`POST /api/wishes` with NewWish → WishView;
`POST /api/wishes/{wish}/withdraw` → WishView.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.ids import PersonId
from protocols.people import Moment, Role
from protocols.rota.member import AbsenceKind, WorkingTerms
from protocols.rota.model import ZoneName
from protocols.text import ShortText


class PersonTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A person's terms; version 0 where nobody has set any. `warnings` name competences that end within 60 days."""

    person: str
    role: Role
    version: int
    terms: WorkingTerms
    changed_by: str | None
    changed_at: datetime | None
    warnings: list[str] = []


class SetTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Terms as they are to be; `version` is the one that they replace."""

    version: Annotated[int, Meta(ge=0, le=2**31 - 2)]
    terms: WorkingTerms


class NewAbsence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Leave or a deployment away; `reference` is the deployment's, empty for leave."""

    person: PersonId
    kind: AbsenceKind
    starts_at: Moment
    ends_at: Moment
    zone: ZoneName
    reference: ShortText = ""


class AbsenceView(msgspec.Struct, frozen=True, kw_only=True):
    """An absence; `kind` is `other` for those who may not know it."""

    absence: str
    person: str
    kind: AbsenceKind
    starts_at: datetime
    ends_at: datetime
    zone: str
    reference: str
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None


class NewWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The caller would like to be on call in a time, or not."""

    wants: Literal["on", "off"]
    starts_at: Moment
    ends_at: Moment


class WishView(msgspec.Struct, frozen=True, kw_only=True):
    """A wish."""

    wish: str
    person: str
    wants: Literal["on", "off"]
    starts_at: datetime
    ends_at: datetime
    withdrawn_at: datetime | None
