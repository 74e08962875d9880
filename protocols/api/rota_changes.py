"""Overrides, take-overs, swaps and cover as the API shows them.

`GET /api/rotas/{rota}/changes` (query: `state`, `since`, `until`, `limit` ≤ 200) → list of ChangeView, newest first;
`POST /api/rotas/{rota}/changes` with NewChange → ChangeView; `GET /api/rota-changes/{change}` → ChangeView;
`POST /api/rota-changes/{change}/agree` → ChangeView: the other person agrees, or a supervisor for them;
`POST /api/rota-changes/{change}/approve` with Deciding → ChangeView: a supervisor who is neither of the two, checked
anew; `POST /api/rota-changes/{change}/refuse` with Deciding → ChangeView: either person or a supervisor;
`POST /api/rota-changes/{change}/undo` → ChangeView: what it changed is as before from now on.

A supervisor's override and take-over are in force at once, and anybody's taking over from themselves is refused. What
somebody asks for themselves waits: for the other to agree (unless the other asks), then for a supervisor.
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
    """A change and how far it is. `brings` are the findings that it would bring, or did when it was approved.
    `waits_for` is whose word is missing: a person's id, `supervisor`, or empty."""

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
    brings: list[Finding] = []
