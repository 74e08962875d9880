"""The deployment log: reading it, taking it away, who opened what, error reports and legal holds.

`GET /api/log/status` → LogStatus; `GET /api/log/entries` (query: LogQuery's fields, `before` leaf index, `limit` ≤ 500)
→ EntryPage; `GET /api/log/entries/{index}` → EntryProof; `GET /api/log/checkpoint` → CheckpointView;
`POST /api/log/exports` with ExportRequest → ExportView; `GET /api/log/exports/{id}/tile/…` → a tile or entry bundle of
that export's tree, `…/texts` (query: `after`) → TextPage, `…/selection` (query: `after`) → SelectionPage;
`GET /api/log/openings` (query: LogQuery's) → OpeningsPage; `GET /api/log/openings/report` (query: LogQuery's, `form`)
→ a CSV or PDF file; `GET /api/log/error-reports` (query: `open_only`, `after`) → list[ErrorReportView]; `GET …/{id}` →
ErrorReportView; `POST …/{id}/account|submit|return|close` with ErrorReportStep → ErrorReportView;
`GET /api/log/holds` → list[HoldView]; `POST /api/log/holds` with NewHold → HoldView;
`POST /api/log/holds/{id}/release` with HoldRelease → HoldView; `GET /api/log/retention` → RetentionView.

Every reading is an entry itself. Only entries that are in the tree are shown.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.access_record import Modality, Reference
from protocols.ids import PersonId, UnitId
from protocols.text import ONE_LINE

MAX_ENTRIES = 500
MAX_SELECTED = 100_000
"""Entries of one selective export."""

EntryKind = Annotated[str, Meta(pattern=r"^[a-z.-]{1,40}$(?!\n)")]
ReasonText = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
AccountText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2000,
        pattern="^[^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]*$(?!\\n)",
    ),
]
"""Text of several lines, without other control signs."""
Moment = Annotated[datetime, Meta(tz=True)]


class LogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Which entries: of a unit, person (who acted or whom it is about), authority or deployment, of kinds that begin
    so, by the controller's clock from `since` up to, not including, `until`. None: any."""

    unit: UnitId | None = None
    person: PersonId | None = None
    authority: Reference | None = None
    deployment: Reference | None = None
    kind: EntryKind | None = None
    since: Moment | None = None
    until: Moment | None = None


class TextView(msgspec.Struct, frozen=True, kw_only=True):
    """A free text of an entry; `text` None once it is erased."""

    field: str
    text: str | None


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in the tree. `leaf` is its exact JSON, as hashed."""

    index: int
    prior: int | None
    at: datetime
    actor: str
    kind: str
    dpa: str
    unit: str | None
    label: str
    authority: str | None
    leaf: str
    texts: list[TextView]


class EntryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; `next_before` is the `before` of the following page, None at the end. `size` is the tree's."""

    entries: list[EntryView]
    next_before: int | None
    size: int


class EntryProof(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with its receipt (c2sp.org/tlog-proof@v1); None while no cosigned checkpoint covers it."""

    entry: EntryView
    receipt: str | None


class WitnessStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One witness: what it said last, when, and how large a tree it has cosigned; `answer` is `cosigned`,
    `unreachable`, `timeout`, `rolled-back`, `split-view`, `unknown-log`, `forged` or `never`."""

    name: str
    answer: str
    at: datetime | None
    size: int | None


class LogStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the log stands. `waiting` entries are written and not yet in the tree; `policy` is the tlog-policy in force,
    `quorum` how many witnesses it asks for."""

    origin: str
    size: int
    waiting: int
    checkpoint_at: datetime | None
    cosigned_size: int | None
    cosigned_at: datetime | None
    sequencing_here: bool
    policy: str
    quorum: int
    witnesses: list[WitnessStatus]
    timestamped_at: datetime | None
    alarms: list[str]


class CheckpointView(msgspec.Struct, frozen=True, kw_only=True):
    """The signed note of the largest tree that is cosigned; without one, of the largest tree."""

    size: int
    note: str
    made_at: datetime
    cosigned: bool


class ExportRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to take away: the whole log, or what `scope` says. The reason goes into the log."""

    reason: ReasonText
    scope: LogQuery | None = None


class ExportView(msgspec.Struct, frozen=True, kw_only=True):
    """An export that may be fetched until `ends_at`, by the person who asked only: `found` entries. `checkpoint` (a
    signed note of `size` leaves) covers the export's own entry `index`, which is not one of those that were found.

    `timestamp_token` (base64) is of an RFC 3161 authority, over the note `timestamped_checkpoint` of this log;
    `timestamp_ca` is what the controller checked it by (PEM)."""

    export_id: str
    index: int
    size: int
    found: int
    checkpoint: str
    cosigned: bool
    policy: str
    ends_at: datetime
    timestamp_token: str | None
    timestamped_checkpoint: str | None
    timestamp_ca: str | None


class SelectedLeaf(msgspec.Struct, frozen=True, kw_only=True):
    """One leaf of a selective export with its receipt under the export's checkpoint."""

    index: int
    leaf: str
    receipt: str


class SelectionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Leaves by index; `next_after` is the `after` of the following page, None at the end."""

    leaves: list[SelectedLeaf]
    next_after: int | None


class ExportedText(msgspec.Struct, frozen=True, kw_only=True):
    """A free text that is not erased; `salt` is hexadecimal."""

    index: int
    field: str
    salt: str
    text: str


class TextPage(msgspec.Struct, frozen=True, kw_only=True):
    """Texts by index and field; `next_after` is the `after` index of the following page, None at the end."""

    texts: list[ExportedText]
    next_after: int | None


Verdict = Literal["inside", "outside", "unknown", "refused", "unopened"]


class OpeningView(msgspec.Struct, frozen=True, kw_only=True):
    """One opening of one modality, put together from entries. `verdict` says whether it was inside its mandate, and
    `faults` why not; `unknown` while something that would tell is missing. A lease that opened nothing is `refused` by
    its unit, by the rule in `close_reason`, or `unopened`. `entries` are leaf indexes.

    `person` is who asked, None when only the unit speaks of it; times of the unit are by its own clock. `faults` of an
    opening that is `unknown` are what is missing. `purpose` is the mandate's, None when it is erased or not known;
    `report` the newest error report about the opening.
    """

    opening: str
    unit: str
    label: str
    modality: Modality
    person: str | None
    mandate: str | None
    authority: str | None
    granted_at: datetime | None
    opened_at: datetime | None
    unit_opened_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    open_s: int | None
    verdict: Verdict
    faults: list[str]
    report: str | None
    entries: list[int]
    purpose: str | None = None


class OpeningsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Openings, newest first; `is_all` False when there were more than fit, and a narrower question is needed."""

    openings: list[OpeningView]
    is_all: bool


ErrorReportState = Literal["draft", "accounted", "submitted", "closed"]


class ErrorReportView(msgspec.Struct, frozen=True, kw_only=True):
    """Something outside a mandate. Drafted by the controller with its evidence (ids of entries `entry 123`, of unit
    records `record 7`), accounted for and submitted by a supervisor, closed by an approver who is somebody else.

    `outcome` is what followed; of one that was returned and is not closed, why it came back. A text that was erased is
    `(erased)`. At most 500 are listed at once: of open ones the oldest first, of all of them the newest first; `after`
    is the id of the last of the page before.
    """

    report_id: str
    unit_id: str | None
    label: str
    cause: str
    summary: str
    evidence: list[str]
    found_at: datetime
    state: ErrorReportState
    account: str
    accounted_by: str | None
    accounted_at: datetime | None
    submitted_by: str | None
    submitted_at: datetime | None
    outcome: str
    closed_by: str | None
    closed_at: datetime | None


class ErrorReportStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happened and why (account), why it goes back (return), or what follows (close); for submit, a remark."""

    text: AccountText


class NewHold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Nothing of `scope` is to be erased."""

    scope: LogQuery
    reason: ReasonText


class HoldRelease(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a hold ends."""

    reason: ReasonText


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
    """A legal hold; it stands while `released_at` is None."""

    hold_id: str
    scope: LogQuery
    reason: str
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None


class RetentionView(msgspec.Struct, frozen=True, kw_only=True):
    """For how many years free texts of entries are kept: `text_years`, and of kinds that begin so, `text_years_of`;
    the longest beginning decides. Entries themselves are never erased."""

    text_years: int
    text_years_of: dict[str, int]
    holds: int
