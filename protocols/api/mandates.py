"""Mandates as the API shows them.

`GET /api/mandates` (query: `unit`, `state`, `mine` (true: waits for the caller's signature), `offset`, `limit` ≤ 200)
→ MandatePage, newest first; `GET /api/mandates/{mandate_id}` → MandateView;
`POST /api/mandates` with NewMandate → MandateView: a draft, which the caller asks for and nobody has signed;
`POST /api/mandates/{mandate_id}/sign` with MandateSignature → MandateView: a signature proves whose it is, so anybody
who may see mandates can paste one; `POST /api/mandates/{mandate_id}/discard` → MandateView (a draft only);
`POST /api/mandates/{mandate_id}/cancel` with Cancelling → MandateView;
`POST /api/mandates/{mandate_id}/recovered` with KitRecovered → MandateView.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.api.authorities import Cancelling
from protocols.ids import AuthorityId, PersonId, UnitId
from protocols.mandate import Allowance, MandateKind
from protocols.people import Moment
from protocols.sshsig import MAX_ARMORED
from protocols.text import ONE_LINE

__all__ = [
    "Cancelling",
    "KitRecovered",
    "MandatePage",
    "MandateSignature",
    "MandateState",
    "MandateView",
    "NewMandate",
    "SignatureMade",
]

MandateState = Literal["draft", "discarded", "future", "live", "ended", "cancelled"]
"""`draft` until both have signed; then by the time, unless it was cancelled."""

DRAFT_HOURS = 72
"""How long a draft waits for its signatures, if its window does not end before."""


class NewMandate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mandate to be drafted; the caller is its requester. `authority` is the recorded authority it rests on, None
    only for `bench`."""

    kind: MandateKind
    unit: UnitId
    authority: AuthorityId | None
    allows: Annotated[list[Allowance], Meta(min_length=1, max_length=3)]
    purpose: Annotated[str, Meta(min_length=1, max_length=80, pattern=ONE_LINE)]
    not_before: Moment
    not_after: Moment
    approver: PersonId


class MandateSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The armored SSHSIG of requester or approver over the mandate's line, see `protocols.mandate`."""

    signature: Annotated[str, Meta(min_length=1, max_length=MAX_ARMORED)]


class KitRecovered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The unit of a cancelled mandate is back: how that is known."""

    note: Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]


class SignatureMade(msgspec.Struct, frozen=True, kw_only=True):
    """A signature under a mandate: whose, when it was handed in, and the fingerprint of the key it was made with, empty
    when it can not be read. `hardware`: the key is in a FIDO token."""

    person: str
    at: datetime
    fingerprint: str
    hardware: bool


class MandateView(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate. `text` is the exact line to be signed, empty once it was erased. `waits_for` are the people who have
    not signed. `signatures` are told in the order of `signed_by`. `expires_at` is when a draft is discarded by itself,
    after `DRAFT_HOURS` or as its window ends. A cancelled one keeps an alarm until `recovered_at`."""

    mandate_id: str
    kind: MandateKind
    unit: str
    unit_label: str
    authority_id: str | None
    authority: str | None
    allows: list[Allowance]
    purpose: str
    not_before: datetime
    not_after: datetime
    requester: str
    approver: str
    state: MandateState
    text: str
    signed_by: list[str]
    waits_for: list[str]
    drafted_at: datetime
    expires_at: datetime
    recorded_at: datetime | None
    cancelled_by: str | None
    cancelled_at: datetime | None
    recovered_by: str | None
    recovered_at: datetime | None
    signatures: list[SignatureMade] = []


class MandatePage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `offset` … of `total`."""

    total: int
    offset: int
    rows: list[MandateView]
