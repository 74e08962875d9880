"""Entries of authorities, mandates, leases and openings.

`opening` is the id of one picture or sound check or one position, which is the id of its lease; every renewal of a
lease names the same opening. What a unit says is the unit's word alone: its `actor` is the unit, and `person` is whom
it names, if they are one of ours.
"""

from datetime import datetime
from typing import ClassVar, Literal

from fleet.entries.entry import Dpa, Entry, HashedText
from protocols.access_record import Modality
from protocols.mandate import Allowance


class AuthorityRecorded(Entry, frozen=True, kw_only=True, tag="authority.recorded"):
    """An authority that was given elsewhere was recorded; `authority` is its reference."""

    authority_id: str
    authority_kinds: list[Literal["install", "use", "retrieve"]]
    modalities: list[Modality]
    authorised_by_rank: HashedText
    urgent_oral: bool
    starts_at: datetime
    ends_at: datetime
    review_at: datetime | None
    document_sha256: str | None
    renews: str | None
    note: HashedText | None


class AuthorityReviewed(Entry, frozen=True, kw_only=True, tag="authority.reviewed"):
    """A review of an authority that was due was held; `review_at` is when the next one is."""

    authority_id: str
    outcome: HashedText
    review_at: datetime | None


class StatementRecorded(Entry, frozen=True, kw_only=True, tag="authority.statement"):
    """The written statement of an urgent oral authority was recorded."""

    authority_id: str
    document_sha256: str


class AuthorityCancelled(Entry, frozen=True, kw_only=True, tag="authority.cancelled"):
    """An authority ended before its time."""

    authority_id: str
    reason: HashedText


class MandateDrafted(Entry, frozen=True, kw_only=True, tag="mandate.drafted"):
    """A person asked for a mandate, which nobody has signed; `sha256` is of its exact text."""

    mandate: str
    mandate_kind: Literal["field", "bench", "retrieval"]
    approver: str
    sha256: str


class MandateSigned(Entry, frozen=True, kw_only=True, tag="mandate.signed"):
    """The signature of `person` under a mandate was handed in; `sha256` is of its exact text."""

    mandate: str
    person: str
    sha256: str


class MandateDiscarded(Entry, frozen=True, kw_only=True, tag="mandate.discarded"):
    """A mandate that two people had not signed was given up, and its line erased."""

    mandate: str


class MandateRecorded(Entry, frozen=True, kw_only=True, tag="mandate.recorded"):
    """Two people have signed a mandate; `sha256` is of its exact text, which holds `purpose` too."""

    mandate: str
    mandate_kind: Literal["field", "bench", "retrieval"]
    authority_id: str | None
    allows: list[Allowance]
    starts_at: datetime
    ends_at: datetime
    requester: str
    approver: str
    purpose: HashedText
    sha256: str


class MandateCancelled(Entry, frozen=True, kw_only=True, tag="mandate.cancelled"):
    """A mandate ended before its time."""

    mandate: str
    reason: HashedText


class KitRecovered(Entry, frozen=True, kw_only=True, tag="mandate.recovered"):
    """The unit of a cancelled mandate is back in our hands."""

    mandate: str
    note: HashedText


class LeaseGranted(Entry, frozen=True, kw_only=True, tag="lease.granted"):
    """The controller let `actor` open a unit inside a mandate until `expires_at`; `nonce` is the unit's.
    `lease_sha256` is of the lease's exact text; `carried` says that a laptop brings it to the unit."""

    dpa: ClassVar[Dpa] = "collection"

    opening: str
    mandate: str
    modalities: list[Modality]
    nonce: str
    expires_at: datetime
    lease_sha256: str
    carried: bool


class LeaseRefused(Entry, frozen=True, kw_only=True, tag="lease.refused"):
    """The controller refused to let `actor` open a unit; `rule` says why."""

    mandate: str | None
    modalities: list[Modality]
    rule: str


class MediaBegan(Entry, frozen=True, kw_only=True, tag="media.began"):
    """The controller received the first picture or sound of an opening and passed it to `actor`, or its position, which
    has an entry of its own each time somebody looks at it."""

    dpa: ClassVar[Dpa] = "disclosure"

    opening: str
    modality: Modality


class ViewerJoined(Entry, frozen=True, kw_only=True, tag="viewer.joined"):
    """Another person, or the same by another way, began to watch an opening that was there already."""

    dpa: ClassVar[Dpa] = "disclosure"

    opening: str
    way: Literal["terminal", "browser", "still"]


class CheckJudged(Entry, frozen=True, kw_only=True, tag="check.judged"):
    """A person closed a check and said what they make of it; `passed` is what its measures say together."""

    opening: str
    result: Literal["passed", "failed", "unjudged"]
    passed: bool | None
    note: HashedText | None


class UnitStarted(Entry, frozen=True, kw_only=True, tag="unit.started"):
    """A unit says, in record `record` of its own chain, that its program started on boot `boot`; `reason` is
    `chain-broken` where the chain before did not verify on the unit's disk."""

    boot: str
    reason: str
    record: int


class ModalityOpened(Entry, frozen=True, kw_only=True, tag="modality.opened"):
    """A unit says, in record `record` of its own chain, that it opened."""

    dpa: ClassVar[Dpa] = "collection"

    opening: str
    mandate: str | None
    person: str | None
    modality: Modality
    record: int


class ModalityClosed(Entry, frozen=True, kw_only=True, tag="modality.closed"):
    """A unit says, in record `record` of its own chain, that it closed, `open_s` seconds after it opened."""

    dpa: ClassVar[Dpa] = "collection"

    opening: str
    person: str | None
    modality: Modality
    reason: str
    open_s: int
    record: int


class OpeningRefused(Entry, frozen=True, kw_only=True, tag="opening.refused"):
    """A unit says, in record `record` of its own chain, that it refused to open; `rule` says why."""

    opening: str | None
    mandate: str | None
    person: str | None
    modality: Modality
    rule: str
    record: int


class PositionRead(Entry, frozen=True, kw_only=True, tag="position.read"):
    """A person looked at the last position of a unit."""

    dpa: ClassVar[Dpa] = "consultation"

    opening: str
    mandate: str


class RecordDiffers(Entry, frozen=True, kw_only=True, tag="record.differs"):
    """The unit's own chain and this log do not agree: `cause` is one of `fleet.openings.reconciliation`; an error
    report was drafted."""

    cause: str
    opening: str | None
    record: int | None
    report: str
