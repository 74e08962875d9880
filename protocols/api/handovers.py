"""Handover sheets as the API shows them: what the primary on call hands to the next one.

`GET /api/handovers` (query: `rota`, `limit` ≤ 100) → list of HandoverRow, newest change first [see-deployments];
`GET /api/handovers/{handover}` → HandoverView [see-deployments];
`POST /api/handovers` with NewHandover → HandoverView: the sheet of now for the rota's nearest change of its primary, of
the last 4 h † or to come, made by who hands over, who takes over, or a supervisor [serve-rota]. It takes the place of
one for the same change that not both have acknowledged; once both have, 409 `handover-done`;
`POST /api/handovers/{handover}/acknowledge` with AcknowledgingHandover → HandoverView: once each by the outgoing and
the incoming person, who say by its hash which sheet they have read [serve-rota].

A sheet is kept as its exact JSON text, whose SHA-256 the log has. A handover that not both have acknowledged an hour †
after the change waits for both of them (`handover-due` in `protocols.api.duties`).
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.api.welfare import WelfareStage
from protocols.deployments import Deadline, DeploymentKind, DeploymentState
from protocols.rota.model import RotaId

HandoverId = Annotated[str, Meta(pattern=r"^HO-[0-9a-f]{12}$(?!\n)")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]

MAX_SHEET_LINES = 100
"""How many lines a part of a sheet has at most; `counts` says how many there are."""
EXPIRING_DAYS = 14
"""How long before its end an authority is on the sheet †."""
DUE_BACK_H = 72
"""How long before it is expected back kit is told as due back †."""

Part = Literal["deployments", "alarms", "kit", "authorities", "papers", "welfare", "rest_owed", "gaps"]


class NewHandover(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rota whose primary changes."""

    rota: RotaId


class AcknowledgingHandover(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sheet that was read."""

    sha256: Sha256


class SheetDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that is open: of the rota, or of none. `deadline` is its nearest."""

    deployment: str
    kind: DeploymentKind
    title: str
    state: DeploymentState
    lead: str | None
    expected_back_at: datetime
    units: list[str]
    deadline: Deadline | None


class SheetAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that is not closed."""

    alarm: str
    label: str
    kind: str
    severity: str
    state: str
    deployment: str | None
    summary: str
    raised_at: datetime
    acknowledged_by: str | None


class SheetKit(msgspec.Struct, frozen=True, kw_only=True):
    """An item that is out; `due-back`: within 72 h †."""

    item: str
    model: str
    custodian: str
    deployment: str | None
    expected_back_at: datetime | None
    standing: Literal["overdue", "due-back", "out"]


class SheetAuthority(msgspec.Struct, frozen=True, kw_only=True):
    """An authority of an open deployment that ends within 14 days †, or has ended."""

    authority_id: str
    reference: str
    ends_at: datetime
    deployments: list[str]


class SheetPaper(msgspec.Struct, frozen=True, kw_only=True):
    """Paperwork that the fast path went past."""

    deployment: str
    step: str
    owner: str | None
    owed_until: datetime


class SheetWelfare(msgspec.Struct, frozen=True, kw_only=True):
    """A welfare timer that runs."""

    welfare: str
    person: str
    deployment: str | None
    due_at: datetime
    stage: WelfareStage


class SheetRest(msgspec.Struct, frozen=True, kw_only=True):
    """Compensatory rest that a member of the rota is owed, minutes."""

    person: str
    owed_min: int


class SheetGap(msgspec.Struct, frozen=True, kw_only=True):
    """A gap in the rota's cover ahead."""

    starts_at: datetime
    ends_at: datetime
    sentence: str


class HandoverSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The sheet, as it was at `made_at`. What is most urgent comes first in each part; `counts` says how much each part
    would have without a limit. `rest_unknown`: too much lay in the time for it to be worked out."""

    rota: str
    name: str
    zone: str
    change_at: datetime
    outgoing: str
    incoming: str
    made_by: str
    made_at: datetime
    deployments: list[SheetDeployment]
    alarms: list[SheetAlarm]
    kit: list[SheetKit]
    authorities: list[SheetAuthority]
    papers: list[SheetPaper]
    welfare: list[SheetWelfare]
    rest_owed: list[SheetRest]
    gaps: list[SheetGap]
    counts: dict[Part, int]
    rest_unknown: bool


class HandoverAcknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Who has acknowledged, in which part, when."""

    person: str
    part: Literal["outgoing", "incoming"]
    at: datetime


class HandoverRow(msgspec.Struct, frozen=True, kw_only=True):
    """A handover without its sheet. `waits_for` are those of the two who have not acknowledged; of a superseded one
    nobody. `superseded_by` is the sheet that took its place."""

    handover: str
    rota: str
    change_at: datetime
    outgoing: str
    incoming: str
    made_by: str
    made_at: datetime
    sha256: str
    acknowledged: list[HandoverAcknowledgement]
    waits_for: list[str]
    superseded_by: str | None


class HandoverView(msgspec.Struct, frozen=True, kw_only=True):
    """A handover with its sheet; `sha256` of its row is of the sheet's exact text: of `sheet` as JSON without blanks,
    its fields in their order."""

    row: HandoverRow
    sheet: HandoverSheet
