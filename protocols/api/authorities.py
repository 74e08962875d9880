"""Authorities as the API shows them: what was authorised elsewhere, as an approver recorded it.

`GET /api/authorities` (query: `filter`, `state`, `offset`, `limit` ≤ 200) → AuthorityPage, newest first;
`GET /api/authorities/{authority_id}` → AuthorityView; `POST /api/authorities` with NewAuthority → AuthorityView;
`POST /api/authorities/{authority_id}/review` with ReviewDone → AuthorityView;
`POST /api/authorities/{authority_id}/statement` with StatementRecorded → AuthorityView;
`POST /api/authorities/{authority_id}/cancel` with Cancelling → AuthorityView.

There is no field for whom an authority concerns, and free text says so where it is asked for.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.access_record import Modality, Reference
from protocols.health import Digest
from protocols.ids import AuthorityId
from protocols.people import Moment
from protocols.text import ONE_LINE

AuthorityKind = Literal["install", "use", "retrieve"]
"""What is authorised to be done: fitting kit, using it, getting it back. Each needs its own."""

AuthorityState = Literal["future", "in-force", "review-overdue", "ended", "cancelled"]

URGENT_ORAL_HOURS = 72
"""After this an urgent oral authority has lapsed, and its written statement is due (RIPA s.43)."""

LONGEST_DAYS = 92

_Words = Annotated[str, Meta(max_length=500, pattern=ONE_LINE)]
_Why = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
_Salt = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
_Rank = Annotated[str, Meta(min_length=1, max_length=60, pattern=ONE_LINE)]


class DocumentHash(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """SHA-256 of 16 random bytes and then the document, both hexadecimal, made where the document is: it never comes
    here. The salt can be erased with the free text."""

    salt: _Salt
    sha256: Digest


class NewAuthority(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An authority to be recorded. `reference` is its unique reference number; `starts_at` is when it takes effect, the
    latest of the approvals it needed; `review_at` are dates by which it has to be reviewed, ascending. An urgent oral
    one ends 72 hours after it starts at the latest, and needs no document yet. `renews` is the authority that this one
    follows. `note` can be erased; it must not say whom the authority concerns."""

    reference: Reference
    kinds: Annotated[list[AuthorityKind], Meta(min_length=1, max_length=3)]
    modalities: Annotated[list[Modality], Meta(max_length=3)]
    authorised_by_rank: _Rank
    starts_at: Moment
    ends_at: Moment
    review_at: Annotated[list[Moment], Meta(max_length=24)] = []
    urgent_oral: bool = False
    document: DocumentHash | None = None
    renews: AuthorityId | None = None
    note: _Words = ""


class ReviewDone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The review that was due has been held; `next_review_at` replaces the dates still to come when it is given."""

    outcome: _Why
    next_review_at: Moment | None = None


class StatementRecorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The written statement of an urgent oral authority has been made. It makes the authority no longer."""

    document: DocumentHash


class Cancelling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why something ends before its time."""

    reason: _Why


class AuthorityView(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded authority. `statement_due_at` (urgent oral only) is when the written statement is or was due;
    `next_review_at` the first date not reviewed yet. `mandates` counts those that rest on it and are live."""

    authority_id: AuthorityId
    reference: str
    kinds: list[AuthorityKind]
    modalities: list[Modality]
    authorised_by_rank: str
    starts_at: datetime
    ends_at: datetime
    next_review_at: datetime | None
    state: AuthorityState
    urgent_oral: bool
    statement_due_at: datetime | None
    statement_at: datetime | None
    document_sha256: str | None
    renews: str | None
    renewed_by: str | None
    note: str
    recorded_by: str
    recorded_at: datetime
    cancelled_by: str | None
    cancelled_at: datetime | None
    mandates: int


class AuthorityPage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `offset` … of `total`."""

    total: int
    offset: int
    rows: list[AuthorityView]
