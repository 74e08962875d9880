"""Overrides, take-overs, swaps and cover as the API shows them.

`GET /api/rotas/{rota}/changes` (query: `state` or `any`, `since`, `until`, `limit` ≤ 200) → list of ChangeView, newest
first;
`POST /api/rotas/{rota}/changes` with NewChange → ChangeView; `GET /api/rota-changes/{change}` → ChangeView;
`POST /api/rota-changes/{change}/agree` → ChangeView: the other person agrees, or a supervisor for them;
`POST /api/rota-changes/{change}/approve` with Deciding → ChangeView: a supervisor who is neither of the two, checked
anew; `POST /api/rota-changes/{change}/refuse` with Deciding → ChangeView: either person or a supervisor;
`POST /api/rota-changes/{change}/undo` → ChangeView: what it changed is as before from now on.

Who asks is one of the two, or a supervisor for them. A supervisor's override, and a take-over by others, are in force
at once; a swap that a supervisor asks for others is agreed for both, and waits for a supervisor. What somebody asks for
themselves waits: for the other to agree (nobody has to where nobody has the position), then for a supervisor. Who gives
a time up has to have all of it. A change that would bring breaches or faults that were not there is refused without
`despite`. Reasons are told to the two, to who asked, and to those who manage rotas or see working time; to the others
they are empty.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.ids import PersonId
from protocols.people import Moment
from protocols.rota.findings import Finding
from protocols.rota.model import ChangeKind, Position
from protocols.text import ONE_LINE

ChangeState = Literal["asked", "agreed", "approved", "refused", "undone", "lapsed"]
"""`asked` waits for the other person, `agreed` for a supervisor; `lapsed` when its time came before that."""


class NewChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`person` is to have a position from `starts_at` until `ends_at`, which `gives` (None: whoever has it) gives up.
    Of a swap, `gives` then has what `person` had from `back_starts_at` until `back_ends_at` in `back_position`."""

    kind: ChangeKind
    position: Position
    person: PersonId
    starts_at: Moment
    ends_at: Moment
    gives: PersonId | None = None
    back_position: Position | None = None
    back_starts_at: Moment | None = None
    back_ends_at: Moment | None = None
    reason: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""
    despite: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""


class Deciding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why; and for approving with breaches or faults that it would bring, `despite`."""

    reason: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""
    despite: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A change and how far it is. `brings` are the findings that it would bring, or did when it was approved; in lists
    of one that waits they are left out. `waits_for` is whose word is missing: a person's id, `supervisor`, or empty.
    `stands_above` are the changes in force of which it takes a part of the same position, or will."""

    change: str
    rota: str
    kind: ChangeKind
    state: ChangeState
    position: Position
    person: str
    starts_at: datetime
    ends_at: datetime
    gives: str | None
    back_position: Position | None
    back_starts_at: datetime | None
    back_ends_at: datetime | None
    reason: str
    asked_by: str
    asked_at: datetime
    agreed_by: str | None
    decided_by: str | None
    decided_at: datetime | None
    waits_for: str
    undone_by: str | None = None
    undone_at: datetime | None = None
    stands_above: list[str] = []
    brings: list[Finding] = []
